package follow;

import java.util.concurrent.TimeUnit;

/**
 * Tells for how long what is read now may have waited unread, since this program or its machine stood still.
 *
 * It looks at the clock again and again: where two looks lie too far apart, nothing was read in between.
 */
final class Standstill {
  private static final long LOOK_MS = 50;
  /** So long it may take, once the program goes on, until all is read that has waited. */
  private static final long READ_WITHIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private Moment last = Moment.now();
  private Moment since; // the looks before and after it stood still last
  private Moment until;

  /** A moment by both clocks: one stands still while a machine sleeps, and the other can be set. */
  record Moment(long nanos, long wallMs) {
    static Moment now() {
      return new Moment(System.nanoTime(), System.currentTimeMillis());
    }

    /** What has passed until another moment, by the clock that has gone further. */
    long nanosUntil(Moment later) {
      return Math.max(later.nanos - nanos, TimeUnit.MILLISECONDS.toNanos(later.wallMs - wallMs));
    }
  }

  Standstill() {
    var looking = new Thread(() -> {
      while (true) {
        look(Moment.now());
        try {
          Thread.sleep(LOOK_MS);
        } catch (InterruptedException stopped) {
          return;
        }
      }
    }, "standstill");
    looking.setDaemon(true);
    looking.start();
  }

  /** How long, nanoseconds; as of that moment. */
  synchronized long waitedNanos(Moment now) {
    look(now);
    return until == null || until.nanosUntil(now) > READ_WITHIN_NANOS ? 0 : since.nanosUntil(now);
  }

  private synchronized void look(Moment now) {
    if (last.nanosUntil(now) > TimeUnit.MILLISECONDS.toNanos(2 * LOOK_MS)) {
      // Otherwise some of what had waited before may not have been read yet.
      since = until == null || until.nanosUntil(last) > READ_WITHIN_NANOS ? last : since;
      until = now;
    }
    last = now;
  }
}
