//! Compiles the report's contract, and finds Envoy's descriptors for CSDS in JSON.
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    report_contract(&out)?;
    envoy_descriptors(&out)?;
    println!("cargo:rerun-if-changed=rules");
    Ok(())
}

/// Rust types for `report.proto`, and their canonical JSON. Maps are sorted, and what is empty is there all the same,
/// so that two reports of one diagnosis are equal as text and readers may index every list.
fn report_contract(out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/meshdoctor/v1/report.proto"], ["proto"])?;
    pbjson_build::Builder::new()
        .register_descriptors(&prost::Message::encode_to_vec(&descriptors))?
        .emit_fields()
        .btree_map(["."])
        .out_dir(out)
        .build(&[".meshdoctor.v1"])?;
    prost_build::Config::new()
        .btree_map(["."])
        .compile_fds(descriptors)?;
    Ok(())
}

/// The envoy-types package carries its whole FileDescriptorSet but exports no constant for it:
/// ask cargo where the package lies and copy the file.
fn envoy_descriptors(out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let cargo = env::var("CARGO")?;
    let output = Command::new(cargo)
        // Only this platform's packages: a fresh machine has fetched no others.
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
        ])
        .arg(env::var("TARGET")?)
        .current_dir(env::var("CARGO_MANIFEST_DIR")?)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "envoy-types")
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("cargo metadata does not list envoy-types")?;
    let types = Path::new(manifest)
        .with_file_name("src")
        .join("generated/types.bin");
    // Compressed: the binary carries it for the rare case that CSDS comes as JSON.
    let raw = fs::read(&types)?;
    fs::write(
        out.join("envoy-types.bin.zst"),
        zstd::encode_all(raw.as_slice(), 19)?,
    )?;
    Ok(())
}
