package follow;

import io.grpc.Status;
import java.util.Set;

/**
 * What the service refuses, also with a reason that only a later version knows: the code tells then. A code without a
 * reason comes from the way there, and passes.
 */
final class Refusal {
  private static final Set<String> OF_A_RESUME_POINT = Set.of("REVISION_COMPACTED", "REVISION_IN_FUTURE", "EPOCH_CHANGED");

  private Refusal() { }

  /** Whether the resume point is refused, so that a stream without one may go on. */
  static boolean isOfResumePoint(Status.Code code, String reason) {
    return code == Status.Code.OUT_OF_RANGE && !reason.isEmpty();
  }

  /** Whether the same stream will be refused again and again; resumed says whether it had a resume point. */
  static boolean isForGood(Status.Code code, String reason, boolean resumed) {
    return switch (code) {
      case INVALID_ARGUMENT -> true;
      case OUT_OF_RANGE -> isOfResumePoint(code, reason) && !resumed && !OF_A_RESUME_POINT.contains(reason);
      case NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED, FAILED_PRECONDITION, ABORTED, UNIMPLEMENTED -> !reason.isEmpty();
      default -> false; // it may pass, here or elsewhere
    };
  }
}
