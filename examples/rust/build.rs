//! Makes the code of the wire contract from its .proto files; it needs no protoc.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let protos = "../../protos";
    println!("cargo::rerun-if-changed={protos}");
    let contract = protox::compile([format!("{protos}/strategic_memory/v1/service.proto")], [protos])?;
    let descriptors = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(descriptors, prost::Message::encode_to_vec(&contract))?;
    tonic_prost_build::configure().build_server(false).compile_fds(contract)?;
    Ok(())
}
