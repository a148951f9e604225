//! How fast logs are scanned.
fn main() {
    divan::main();
}
