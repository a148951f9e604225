//! Promises of the scan.
