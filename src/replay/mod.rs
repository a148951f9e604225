//! A snapshot served over the real wire protocols on loopback: Google's REST APIs, Kubernetes, and CSDS over gRPC.
