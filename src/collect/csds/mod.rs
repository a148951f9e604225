//! CSDS.
