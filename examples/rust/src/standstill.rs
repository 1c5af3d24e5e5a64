//! For how long what is read now may have waited unread, since this program or its machine stood still.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant, SystemTime},
};

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// So long it may take, once the program goes on, until all is read that has waited.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// A moment by both clocks: one stands still while a machine sleeps, and the other can be set.
#[derive(Clone, Copy)]
pub struct Moment(Instant, SystemTime);

impl Moment {
    pub fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// What has passed until another moment, by the clock that has gone further.
    pub fn until(self, later: Self) -> Duration {
        later.0.saturating_duration_since(self.0).max(later.1.duration_since(self.1).unwrap_or_default())
    }
}

/// Looks at the clock again and again: where two looks lie too far apart, nothing was read in between.
pub struct Standstill(Arc<Mutex<Looks>>);

struct Looks {
    last: Moment,
    /// The looks before and after it stood still last.
    stood: Option<(Moment, Moment)>,
}

impl Standstill {
    /// Begins to look, in a thread of its own.
    pub fn watched() -> Self {
        let looks = Arc::new(Mutex::new(Looks { last: Moment::now(), stood: None }));
        let looking = Arc::clone(&looks);
        thread::spawn(move || {
            loop {
                looking.lock().expect("nobody panics").look(Moment::now());
                thread::sleep(LOOK_EVERY);
            }
        });
        Self(looks)
    }

    /// How long, as of now.
    pub fn waited(&self, now: Moment) -> Duration {
        let mut looks = self.0.lock().expect("nobody panics");
        looks.look(now);
        let stood = looks.stood.filter(|(_, until)| until.until(now) <= READ_WITHIN);
        stood.map_or(Duration::ZERO, |(since, _)| since.until(now))
    }
}

impl Looks {
    fn look(&mut self, now: Moment) {
        if self.last.until(now) > 2 * LOOK_EVERY {
            // Otherwise some of what had waited before may not have been read yet.
            let before = self.stood.filter(|(_, until)| until.until(self.last) <= READ_WITHIN);
            self.stood = Some((before.map_or(self.last, |(since, _)| since), now));
        }
        self.last = now;
    }
}
