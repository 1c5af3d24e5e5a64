//! Follows a service through kills and restarts, and prints what comes, one JSON object a line, until its input ends.
//!
//!     cargo run -- '{"addresses": ["127.0.0.1:50051"], "delivery": "EVERY"}'
//!
//! What bites with tonic: a server that was killed is UNKNOWN, and an answer above the limit on messages (4 MiB unless
//! told otherwise) is OUT_OF_RANGE, the code of a refused resume point too. So the reason decides here, not the code.

mod advice;
mod refusal;
mod standstill;

use std::{
    env,
    error::Error,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use advice::Newest;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, time};
use tonic::{Status, transport::Endpoint};
use wire::{
    Delivery, Feedback, StreamFeedbackRequest, StreamFeedbackResponse,
    strategic_memory_service_client::StrategicMemoryServiceClient, stream_feedback_response::Event,
};

/// The wire contract.
pub mod wire {
    #![allow(missing_docs, clippy::all)]
    tonic::include_proto!("strategic_memory.v1");
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
}

const LARGEST_MESSAGE: usize = 64 << 20;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);
const CATCH_UP_WITHIN: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let asked: Value = serde_json::from_str(&env::args().nth(1).unwrap_or("{}".into()))?;
    tokio::select! {
        read = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await } => { read?; Ok(()) }
        never = Following::new(&asked)?.run() => never,
    }
}

/// A subscription that survives restarts.
struct Following {
    addresses: Vec<String>,
    delivery: Delivery,
    heartbeats: Duration,
    /// After which a server is taken for gone: three heartbeats, which come once a second at most.
    silence: Duration,
    feedback: DescriptorPool,
    /// The last place that was reached in the log.
    position: Option<(u64, String)>,
    starts_afresh: bool,
    behind_since: Option<time::Instant>,
    failures: u32,
    newest: Newest,
}

impl Following {
    fn new(asked: &Value) -> Result<Self, Box<dyn Error>> {
        let heartbeats = Duration::from_millis(asked["heartbeatMs"].as_u64().unwrap_or(15_000));
        let silence = heartbeats.max(Duration::from_secs(1)).mul_f64(3.3);
        let addresses = asked["addresses"].as_array().map(|all| all.iter().filter_map(Value::as_str));
        Ok(Self {
            addresses: addresses.map_or(vec!["127.0.0.1:50051".into()], |all| all.map(Into::into).collect()),
            delivery: if asked["delivery"] == "EVERY" { Delivery::Every } else { Delivery::Latest },
            heartbeats,
            silence,
            feedback: DescriptorPool::decode(wire::DESCRIPTORS)?,
            position: None,
            starts_afresh: false,
            behind_since: None,
            failures: 0,
            newest: Newest::new(silence),
        })
    }

    async fn run(mut self) -> Result<(), Box<dyn Error>> {
        for attempt in 0.. {
            let servers = self.addresses.len();
            let begun = time::Instant::now();
            let end = self.read_stream(&self.addresses[attempt % servers].clone()).await;
            if begun.elapsed() >= LONGEST_DELAY {
                self.failures = 0; // a new trouble, not more of the last one
            }
            // A round of all servers takes as long as the delay for one would.
            let round = self.failures / servers as u32;
            let bound = LONGEST_DELAY.min(FIRST_DELAY * 2_u32.pow(round.min(10))) / servers as u32;
            let delay = bound.mul_f64(drawn());
            self.failures += 1;
            self.take_end(&end, delay)?;
            time::sleep(delay).await;
        }
        unreachable!()
    }

    /// Opens a stream and takes what comes, until its end. Each attempt connects anew.
    async fn read_stream(&mut self, address: &str) -> Status {
        let Ok(endpoint) = Endpoint::from_shared(format!("http://{address}")) else {
            return Status::invalid_argument("an address is host:port");
        };
        let endpoint = endpoint
            .connect_timeout(CONNECT_WITHIN)
            .http2_keep_alive_interval(Duration::from_secs(30)) // the service permits 10 s and more
            .keep_alive_timeout(Duration::from_secs(10));
        let channel = match endpoint.connect().await {
            Ok(channel) => channel,
            Err(error) => return Status::unavailable(error.to_string()),
        };
        let mut service = StrategicMemoryServiceClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE);
        let resumes = self.position.clone().filter(|_| !self.starts_afresh);
        let request = StreamFeedbackRequest {
            resume_after_revision: resumes.as_ref().map(|(revision, _)| *revision),
            epoch: resumes.map_or(String::new(), |(_, epoch)| epoch),
            delivery: self.delivery.into(),
            heartbeat_interval: prost_types::Duration::try_from(self.heartbeats).ok(),
            send_current: false,      // the feedback of the resume point came before
            portfolio: String::new(), // the default one
        };
        let silent = |_| Status::deadline_exceeded("the server is silent");
        let opened = time::timeout(self.silence, service.stream_feedback(request)).await;
        let mut stream = match opened.map_err(silent).and_then(|answer| answer) {
            Ok(answer) => answer.into_inner(),
            Err(status) => return status,
        };
        loop {
            match time::timeout(self.silence, stream.message()).await.map_err(silent).and_then(|told| told) {
                Ok(Some(told)) => self.take(told),
                Ok(None) => return Status::unavailable("the server ended the stream"),
                Err(status) => return status,
            }
        }
    }

    fn take(&mut self, told: StreamFeedbackResponse) {
        if !self.starts_afresh {
            self.behind_since = None; // this server is not behind
        }
        match told.event {
            Some(Event::Feedback(feedback)) => self.take_feedback(feedback, told.sent_at),
            Some(Event::Heartbeat(heartbeat)) => {
                self.newest.take_heartbeat(&heartbeat);
                print(json!({"event": "heartbeat"}));
            }
            None => {} // of a newer service
        }
    }

    fn take_feedback(&mut self, feedback: Feedback, sent_at: Option<prost_types::Timestamp>) {
        self.newest.take_feedback(&feedback, sent_at);
        let (revision, epoch) = (feedback.revision, feedback.epoch.clone());
        let before = self.position.clone().filter(|(_, known)| *known == epoch);
        if before.as_ref().is_some_and(|(known, _)| revision <= *known) {
            return; // whoever starts afresh may hear it again
        }
        if self.position.is_some() && before.is_none() && !epoch.is_empty() {
            print(json!({"event": "epochChanged", "newEpoch": epoch}));
        }
        let skipped = before.map_or(0, |(known, _)| if known > 0 { revision - known - 1 } else { 0 });
        let mut line = self.as_json(&feedback);
        line["skippedRevisions"] = skipped.into();
        print(json!({"event": "feedback", "feedback": line, "actUpon": self.newest.advice().to_string()}));
        if !epoch.is_empty() {
            self.position = Some((revision, epoch));
        }
        (self.starts_afresh, self.behind_since) = (false, None);
    }

    /// Takes the end of a stream; an error is one that trying again will not mend.
    fn take_end(&mut self, end: &Status, delay: Duration) -> Result<(), Box<dyn Error>> {
        let told = |name: &str| end.metadata().get(format!("strategic-memory-{name}")).and_then(|it| it.to_str().ok());
        let reason = told("reason").unwrap_or("");
        let epoch = self.position.as_ref().map(|(_, epoch)| epoch.as_str());
        let mut line = json!({
            "event": "disconnected", "error": format!("{:?}", end.code()), "reason": reason, "message": end.message(),
            "retryInMs": delay.as_secs_f64() * 1e3,
        });
        let resumed = self.position.is_some() && !self.starts_afresh;
        let is_too_large = end.message().contains("message length too large");
        match reason {
            _ if is_too_large || refusal::is_for_good(end.code(), reason, resumed) => return Err(end.message().into()),
            // What one replica has sent, another may be about to read: that is no loss yet.
            "REVISION_IN_FUTURE" if epoch == told("epoch") && !self.is_behind_for_long() => {}
            _ if refusal::is_of_resume_point(end.code(), reason) => {
                self.starts_afresh = true; // and what lies between is lost
                if self.delivery == Delivery::Every {
                    line["event"] = "ended".into();
                    line["error"] = "ResumePointRefused".into();
                    self.position = None;
                }
            }
            _ => {} // whatever the code
        }
        print(line);
        Ok(())
    }

    fn is_behind_for_long(&mut self) -> bool {
        self.behind_since.get_or_insert_with(time::Instant::now).elapsed() > CATCH_UP_WITHIN
    }

    fn as_json(&self, feedback: &Feedback) -> Value {
        let kind = self.feedback.get_message_by_name("strategic_memory.v1.Feedback").expect("it is in the contract");
        let dynamic = DynamicMessage::decode(kind, feedback.encode_to_vec().as_slice()).expect("it is of this kind");
        serde_json::to_value(dynamic).expect("a feedback can be written as JSON")
    }
}

/// Draws from a half to 1: not all who have lost a server shall come back to it at once.
fn drawn() -> f64 {
    0.5 + RandomState::new().hash_one(()) as f64 / u64::MAX as f64 / 2.0
}

fn print(line: Value) {
    println!("{line}");
}
