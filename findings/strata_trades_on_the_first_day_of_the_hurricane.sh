#!/usr/bin/env bash
# Strata 2.12.46 (Java, OpenGamma): its NYSE was open on 29 October 2012 and on 9 January 2025, when New York did not trade.
#
# Guessed: the calendar NYSE of the standard reference data has the days that New York was closed, those that nobody planned, too, as
# it has 11 to 14 September 2001 and the funerals of 2004, 2007 and 2018.
# Seen: of the hurricane of 2012 it has the second day, 30 October, and not the first; the day of mourning of 2025 is missing. exchange_calendars 4.13.2
# (XNYS) has both. All other weekdays of 2000 to 2026 are the same.
# What follows: what is counted or lagged in its business days is off by one across them, and a join by day has a row without a price.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: exchange_calendars==4.13.2 pandas==2.3.3
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>probe</groupId><artifactId>probe</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.opengamma.strata</groupId><artifactId>strata-basics</artifactId><version>2.12.46</version></dependency>
  </dependencies>
</project>
XML
cat >Closed.java <<'JAVA'
import com.opengamma.strata.basics.ReferenceData;
import com.opengamma.strata.basics.date.HolidayCalendar;
import com.opengamma.strata.basics.date.HolidayCalendarId;
import java.time.LocalDate;

public class Closed {
  public static void main(String[] given) {
    HolidayCalendar york = HolidayCalendarId.of("NYSE").resolve(ReferenceData.standard());
    for (LocalDate day = LocalDate.of(2000, 1, 1); day.getYear() < 2027; day = day.plusDays(1))
      if (day.getDayOfWeek().getValue() < 6 && york.isHoliday(day)) System.out.println(day);
  }
}
JAVA
mvn --quiet --batch-mode -Dmaven.repo.local="$folder/repository" dependency:build-classpath -Dmdep.outputFile=classpath
javac -cp "$(cat classpath)" Closed.java
java -cp "$(cat classpath):." Closed >closed
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import exchange_calendars
import pandas

weekdays = set(pandas.bdate_range("2000-01-01", "2026-12-31").strftime("%Y-%m-%d"))
york = exchange_calendars.get_calendar("XNYS", start="2000-01-01", end="2026-12-31")
closed = weekdays - set(york.sessions.strftime("%Y-%m-%d"))
strata = set(open("closed").read().split())
print(f"of {len(weekdays)} weekdays: Strata open and New York closed: {sorted(closed - strata)}, the other way: {sorted(strata - closed)}")
print(f"closed in both: {', '.join(day for day in ('2001-09-11', '2004-06-11', '2007-01-02', '2012-10-30', '2018-12-05') if day in closed & strata)}")
assert sorted(closed - strata) == ["2012-10-29", "2025-01-09"], "the calendar has other days now"
assert not strata - closed and "2012-10-30" in strata
PYTHON
