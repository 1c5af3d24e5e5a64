//! What may be acted upon now.

use std::{fmt, time::Duration};

use prost_types::Timestamp;

use crate::{
    standstill::{Moment, Standstill},
    wire::{Feedback, FeedbackStatus, Heartbeat, LeverageCap, Policy},
};

const SAFE_LEVERAGE: f64 = 1.0;
/// No rules advise more.
const HIGHEST_LEVERAGE: f64 = 2.0;
/// A hint may be rounded above a cap by that much.
const SLACK: f64 = 1e-9;

/// What to do.
pub struct Advice {
    pub policy: Policy,
    /// Multiple of the base position.
    pub leverage: f64,
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.policy.as_str_name(), self.leverage)
    }
}

/// The feedback that was heard last, and until when it may be acted upon by the clocks here.
pub struct Newest {
    silence: Duration,
    feedback: Option<Feedback>,
    caps: Vec<LeverageCap>,
    standstill: Standstill,
    /// Since when, and for how long from then on.
    holds: Option<(Moment, Duration)>,
}

impl Newest {
    /// Nothing was heard yet. A server that says nothing for `silence` is taken for gone.
    pub fn new(silence: Duration) -> Self {
        Self { silence, feedback: None, caps: Vec::new(), standstill: Standstill::watched(), holds: None }
    }

    /// What may be acted upon now: the safe values unless the feedback is ACTIVE and inside its validity.
    pub fn advice(&self) -> Advice {
        // A cap that makes no sense is the strictest there is: to leave it out would lift it.
        let caps = self.caps.iter().map(|cap| if cap.value >= 0.0 { cap.value } else { 0.0 });
        let highest = caps.fold(HIGHEST_LEVERAGE, f64::min);
        let holds = self.holds.is_some_and(|(since, length)| since.until(Moment::now()) < length);
        let known = self.feedback.as_ref().filter(|_| holds);
        let policy = known.and_then(|feedback| Policy::try_from(feedback.updated_policy).ok());
        // No server may say more than that, and NaN is within nothing.
        if let (Some(feedback), Some(policy)) = (known, policy)
            && policy != Policy::Unspecified
            && (0.0..=highest + SLACK).contains(&feedback.leverage_hint)
        {
            return Advice { policy, leverage: feedback.leverage_hint };
        }
        // What an operator has forced raises nothing here.
        let rules = self.feedback.iter().filter_map(|feedback| feedback.r#override.as_ref()?.rules_leverage_hint);
        let hints = self.feedback.iter().map(|feedback| feedback.leverage_hint).chain(rules);
        let leverage = hints.filter(|hint| *hint >= 0.0).fold(SAFE_LEVERAGE.min(highest), f64::min);
        Advice { policy: Policy::Conservative, leverage }
    }

    /// Takes a feedback, unless a replica that lags behind has sent it: less is known there than here.
    pub fn take_feedback(&mut self, feedback: &Feedback, sent_at: Option<Timestamp>) {
        let is_behind = |known: &Feedback| known.epoch == feedback.epoch && feedback.revision < known.revision;
        if self.feedback.as_ref().is_some_and(is_behind) {
            return;
        }
        self.caps.clone_from(&feedback.leverage_caps);
        self.hold(feedback.status(), feedback.valid_until, sent_at);
        self.feedback = Some(feedback.clone());
    }

    /// A heartbeat moves the validity of its own feedback on; any other status withdraws it.
    pub fn take_heartbeat(&mut self, heartbeat: &Heartbeat) {
        let place = (heartbeat.revision, heartbeat.epoch.as_str());
        // Where the log had not begun when that was said, there is nothing yet for it to be about.
        let is_nothing = heartbeat.status() == FeedbackStatus::WarmingUp;
        let is_about = |known: &Feedback| {
            (known.revision, known.epoch.as_str()) == place || (known.epoch.is_empty() && is_nothing)
        };
        if self.feedback.as_ref().is_some_and(is_about) {
            self.caps.clone_from(&heartbeat.leverage_caps);
            self.hold(heartbeat.status(), heartbeat.valid_until, heartbeat.timestamp);
        }
    }

    /// Counts the validity from now on, as the server's clock measures it, less what the message may have waited for.
    fn hold(&mut self, status: FeedbackStatus, valid_until: Option<Timestamp>, sent_at: Option<Timestamp>) {
        let left = valid_until.zip(sent_at).map(|(until, sent)| seconds(until) - seconds(sent));
        let is_active = status == FeedbackStatus::Active;
        let left = left.filter(|left| is_active && *left > 0.0).and_then(|left| Duration::try_from_secs_f64(left).ok());
        let now = Moment::now();
        self.holds = left.map(|left| (now, left.min(self.silence).saturating_sub(self.standstill.waited(now))));
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.seconds as f64 + f64::from(time.nanos) / 1e9
}
