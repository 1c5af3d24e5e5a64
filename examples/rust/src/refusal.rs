//! What the service refuses, also with a reason that only a later version knows: the code tells then. A code without a
//! reason comes from the way there, and passes.

use tonic::Code;

/// Whether the resume point is refused, so that a stream without one may go on.
pub fn is_of_resume_point(code: Code, reason: &str) -> bool {
    is_known(reason) || (code == Code::OutOfRange && !reason.is_empty())
}

/// Whether the same stream will be refused again and again; `resumed` says whether it had a resume point.
pub fn is_for_good(code: Code, reason: &str, resumed: bool) -> bool {
    match code {
        Code::InvalidArgument => true,
        Code::OutOfRange => is_of_resume_point(code, reason) && !resumed && !is_known(reason),
        Code::NotFound
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Unimplemented => !reason.is_empty(),
        _ => false, // it may pass, here or elsewhere
    }
}

fn is_known(reason: &str) -> bool {
    matches!(reason, "REVISION_COMPACTED" | "REVISION_IN_FUTURE" | "EPOCH_CHANGED")
}
