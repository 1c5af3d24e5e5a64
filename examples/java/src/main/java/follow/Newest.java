package follow;

import com.google.protobuf.Timestamp;
import follow.Standstill.Moment;
import io.github.strategicmemory.v1.Feedback;
import io.github.strategicmemory.v1.FeedbackStatus;
import io.github.strategicmemory.v1.Heartbeat;
import io.github.strategicmemory.v1.LeverageCap;
import io.github.strategicmemory.v1.Policy;
import io.github.strategicmemory.v1.StreamFeedbackResponse;
import java.util.List;

/** The feedback that was heard last, and until when it may be acted upon by the clocks here. */
final class Newest {
  private static final double SAFE_LEVERAGE = 1.0;
  /** No rules advise more. */
  private static final double HIGHEST_LEVERAGE = 2.0;
  /** A hint may be rounded above a cap by that much. */
  private static final double SLACK = 1e-9;

  private final Standstill standstill = new Standstill();
  private final long silenceNanos;
  private Feedback feedback = Feedback.getDefaultInstance();
  private List<LeverageCap> caps = List.of();
  private double hint = SAFE_LEVERAGE;
  private Moment heldAt = Moment.now();
  private long holdsNanos;

  /** What to do: the leverage is a multiple of the base position. */
  record Advice(Policy policy, double leverage) {}

  /** A server that says nothing for so long is taken for gone. */
  Newest(long silenceNanos) {
    this.silenceNanos = silenceNanos;
  }

  /** What may be acted upon now: the safe values unless the feedback is ACTIVE and inside its validity. */
  synchronized Advice advice() {
    boolean holds = heldAt.nanosUntil(Moment.now()) < holdsNanos;
    double highest = HIGHEST_LEVERAGE;
    for (LeverageCap cap : caps) {
      // One that makes no sense is the strictest there is: to leave it out would lift it.
      highest = Math.min(highest, cap.getValue() >= 0.0 ? cap.getValue() : 0.0);
    }
    Policy policy = feedback.getUpdatedPolicy();
    boolean isKnown = policy != Policy.UNRECOGNIZED && policy != Policy.POLICY_UNSPECIFIED;
    // No server may say more than that, and NaN is within nothing.
    if (holds && isKnown && hint >= 0.0 && hint <= highest + SLACK) {
      return new Advice(policy, hint);
    }
    double safe = Math.min(SAFE_LEVERAGE, highest);
    // What an operator has forced raises nothing here.
    var override = feedback.getOverride();
    for (double bound : new double[] {hint, override.hasRulesLeverageHint() ? override.getRulesLeverageHint() : safe}) {
      safe = bound >= 0.0 ? Math.min(safe, bound) : safe;
    }
    return new Advice(Policy.POLICY_CONSERVATIVE, safe);
  }

  /** Takes a feedback, unless a replica that lags behind has sent it: less is known there than here. */
  synchronized void take(StreamFeedbackResponse told) {
    var heard = told.getFeedback();
    if (heard.getEpoch().equals(feedback.getEpoch()) && heard.getRevision() < feedback.getRevision()) {
      return;
    }
    feedback = heard;
    hint = feedback.getLeverageHint();
    caps = feedback.getLeverageCapsList();
    // An absent time is 1970 to its getter: ask whether it is there.
    boolean isTold = feedback.hasValidUntil() && told.hasSentAt();
    hold(feedback.getStatus(), isTold, feedback.getValidUntil(), told.getSentAt());
  }

  /** A heartbeat moves the validity of its own feedback on; any other status withdraws it. */
  synchronized void take(Heartbeat heard) {
    boolean isAboutIt = heard.getRevision() == feedback.getRevision() && heard.getEpoch().equals(feedback.getEpoch());
    // Where the log had not begun when that was said, there is nothing yet for it to be about.
    boolean isOfNothing = feedback.getEpoch().isEmpty() && heard.getStatus() == FeedbackStatus.FEEDBACK_STATUS_WARMING_UP;
    if (isAboutIt || isOfNothing) {
      caps = heard.getLeverageCapsList();
      hold(heard.getStatus(), heard.hasValidUntil() && heard.hasTimestamp(), heard.getValidUntil(), heard.getTimestamp());
    }
  }

  /** Counts the validity from now on, as the server's clock measures it, less what the message may have waited for. */
  private void hold(FeedbackStatus status, boolean isTold, Timestamp validUntil, Timestamp sentAt) {
    boolean isActive = isTold && status == FeedbackStatus.FEEDBACK_STATUS_ACTIVE;
    long seconds = validUntil.getSeconds() - sentAt.getSeconds();
    long left = seconds * 1_000_000_000L + validUntil.getNanos() - sentAt.getNanos();
    heldAt = Moment.now();
    holdsNanos = isActive ? Math.min(left, silenceNanos) - standstill.waitedNanos(heldAt) : 0;
  }
}
