#!/usr/bin/env bash
# ta4j 0.17: a record that only lost has an expectancy of 0, and is chosen over one that won a trade; three losses by fees return +3 %.
#
# Guessed: ExpectancyCriterion is what a trade earns on average, as a share of the risk; ReturnCriterion is after the costs that a
# position has, as its profit is, and as CashFlow is.
# Seen: a ratio of profit and loss of 0 ends the formula with 0, so three trades that lost 10 each stand above two such losses and a gain
# of 5 (-0.5), and `betterThan` says so; without a loss the ratio is 1, however large the gains are. With 2 % an order the same gains of 20, 10
# and 0 are losses of 20.4, 30.2 and 40.4: three losing positions, a CashFlow of 0.914, and a return of 1.0302.
# What follows: take `PnL` criteria, after costs, to compare policies. 0.17 is the newest that runs on Java 17; later ones need Java 21.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>probe</groupId><artifactId>probe</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.ta4j</groupId><artifactId>ta4j-core</artifactId><version>0.17</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.16</version></dependency>
  </dependencies>
</project>
XML
cat >Compare.java <<'JAVA'
import java.time.ZonedDateTime;
import org.ta4j.core.BarSeries;
import org.ta4j.core.BaseBarSeriesBuilder;
import org.ta4j.core.BaseTradingRecord;
import org.ta4j.core.Trade;
import org.ta4j.core.TradingRecord;
import org.ta4j.core.analysis.CashFlow;
import org.ta4j.core.analysis.cost.LinearTransactionCostModel;
import org.ta4j.core.analysis.cost.ZeroCostModel;
import org.ta4j.core.criteria.ExpectancyCriterion;
import org.ta4j.core.criteria.NumberOfLosingPositionsCriterion;
import org.ta4j.core.criteria.pnl.ProfitLossCriterion;
import org.ta4j.core.criteria.pnl.ReturnCriterion;
import org.ta4j.core.num.DoubleNum;

public class Compare {
  static BarSeries series(double... prices) {
    BarSeries series = new BaseBarSeriesBuilder().withNumTypeOf(DoubleNum.class).build();
    ZonedDateTime at = ZonedDateTime.parse("2024-01-05T00:00:00Z");
    for (double price : prices) series.addBar(at = at.plusDays(1), price, price, price, price, 1);
    return series;
  }

  /** Buys 10 and sells them, at one pair of prices after the other. */
  static TradingRecord record(BarSeries series, double fee) {
    TradingRecord record = new BaseTradingRecord(Trade.TradeType.BUY, new LinearTransactionCostModel(fee), new ZeroCostModel());
    for (int bar = 0; bar < series.getBarCount(); bar++)
      record.operate(bar, series.getBar(bar).getClosePrice(), DoubleNum.valueOf(10));
    return record;
  }

  public static void main(String[] given) {
    BarSeries lost = series(100, 99, 100, 99, 100, 99), mixed = series(100, 99, 100, 99, 100, 100.5);
    ExpectancyCriterion expectancy = new ExpectancyCriterion();
    var ofLosses = expectancy.calculate(lost, record(lost, 0));
    var ofMixed = expectancy.calculate(mixed, record(mixed, 0));
    ProfitLossCriterion earned = new ProfitLossCriterion();
    System.out.printf("lost 10, 10, 10: expectancy %s; lost 10, 10, won 5: expectancy %s%n", ofLosses, ofMixed);
    System.out.printf("earned %s and %s: the first is better: %s%n", earned.calculate(lost, record(lost, 0)),
        earned.calculate(mixed, record(mixed, 0)), expectancy.betterThan(ofLosses, ofMixed));
    BarSeries rose = series(100, 102, 100, 101, 101, 101);
    TradingRecord after = record(rose, 0.02);
    System.out.printf("with fees: earned %.1f, losing positions %s, return %.4f, cash flow %.3f%n",
        earned.calculate(rose, after).doubleValue(), new NumberOfLosingPositionsCriterion().calculate(rose, after),
        new ReturnCriterion().calculate(rose, after).doubleValue(), new CashFlow(rose, after).getValue(5).doubleValue());
  }
}
JAVA
mvn --quiet --batch-mode -Dmaven.repo.local="$folder/repository" dependency:build-classpath -Dmdep.outputFile=classpath
javac -cp "$(cat classpath)" Compare.java
java -cp "$(cat classpath):." Compare | tee seen
grep -q '^lost 10, 10, 10: expectancy 0.0; lost 10, 10, won 5: expectancy -0.5$' seen
grep -q '^earned -30.0 and -15.0: the first is better: true$' seen
grep -q '^with fees: earned -91.0, losing positions 3.0, return 1.0302, cash flow 0.914$' seen
