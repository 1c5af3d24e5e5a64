package follow;

import com.google.protobuf.Timestamp;
import io.github.strategicmemory.v1.Feedback;
import io.github.strategicmemory.v1.FeedbackStatus;
import io.github.strategicmemory.v1.Heartbeat;
import io.github.strategicmemory.v1.LeverageCap;
import io.github.strategicmemory.v1.Policy;
import java.util.List;

/** The feedback that was heard last, and until when it may be acted upon by the clock here, which cannot be set. */
final class Newest {
  private static final double SAFE_LEVERAGE = 1.0;

  private final long silenceNanos;
  private Feedback feedback = Feedback.getDefaultInstance();
  private List<LeverageCap> caps = List.of();
  private double hint = SAFE_LEVERAGE;
  private long heldAt;
  private long holdsNanos;

  /** What to do: the leverage is a multiple of the base position. */
  record Advice(Policy policy, double leverage) {}

  /** A server that says nothing for so long is taken for gone. */
  Newest(long silenceNanos) {
    this.silenceNanos = silenceNanos;
  }

  /** What may be acted upon now: the safe values unless the feedback is ACTIVE and inside its validity. */
  synchronized Advice advice() {
    boolean holds = System.nanoTime() - heldAt < holdsNanos;
    Policy policy = feedback.getUpdatedPolicy();
    if (holds && policy != Policy.UNRECOGNIZED && policy != Policy.POLICY_UNSPECIFIED && Double.isFinite(hint)) {
      return new Advice(policy, hint);
    }
    double bound = Double.isFinite(hint) ? Math.min(hint, SAFE_LEVERAGE) : SAFE_LEVERAGE;
    for (LeverageCap cap : caps) {
      // One that makes no sense is the strictest there is: to leave it out would lift it.
      bound = Math.min(bound, cap.getValue() >= 0.0 ? cap.getValue() : 0.0);
    }
    return new Advice(Policy.POLICY_CONSERVATIVE, bound);
  }

  synchronized void take(Feedback heard, Timestamp sentAt) {
    feedback = heard;
    hint = heard.getLeverageHint();
    caps = heard.getLeverageCapsList();
    // An absent time is 1970 to its getter: ask whether it is there.
    hold(heard.getStatus(), heard.hasValidUntil(), heard.getValidUntil(), sentAt);
  }

  /** A heartbeat moves the validity of its own feedback on; any other status withdraws it. */
  synchronized void take(Heartbeat heard) {
    if (heard.getRevision() == feedback.getRevision() && heard.getEpoch().equals(feedback.getEpoch())) {
      caps = heard.getLeverageCapsList();
      hold(heard.getStatus(), heard.hasValidUntil() && heard.hasTimestamp(), heard.getValidUntil(), heard.getTimestamp());
    }
  }

  /** Counts the validity from now on, as the server's clock measures it. */
  private void hold(FeedbackStatus status, boolean isTold, Timestamp validUntil, Timestamp sentAt) {
    boolean isActive = isTold && status == FeedbackStatus.FEEDBACK_STATUS_ACTIVE;
    long seconds = validUntil.getSeconds() - sentAt.getSeconds();
    long left = seconds * 1_000_000_000L + validUntil.getNanos() - sentAt.getNanos();
    heldAt = System.nanoTime();
    holdsNanos = isActive ? Math.min(left, silenceNanos) : 0;
  }
}
