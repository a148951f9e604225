//! Ranges of addresses that matter: private ones, and those that leave Cloud Run through the VPC.
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};

/// RFC 1918: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.
pub fn is_rfc1918(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.is_private())
}

/// Whether Cloud Run sends this destination to the VPC under `PRIVATE_RANGES_ONLY`. None where no document says.
pub fn is_cloud_run_private(ip: IpAddr) -> Option<bool> {
    let IpAddr::V4(v4) = ip else { return None };
    let within =
        |a, b, c, d, len| Ipv4Net::new(Ipv4Addr::new(a, b, c, d), len).is_ok_and(|range| range.contains(&v4));
    // `gcloud run deploy --help`, --vpc-egress=private-ranges-only: "RFC 1918 and Private Google Access IPs", which
    // cloud.google.com/run/docs/configuring/networking-best-practices gives as 199.36.153.8/30 and 199.36.153.4/30.
    // cloud.google.com/vpc/docs/serverless-vpc-access adds RFC 6598 to the internal addresses.
    if v4.is_private()
        || within(100, 64, 0, 0, 10)
        || within(199, 36, 153, 4, 30)
        || within(199, 36, 153, 8, 30)
    {
        return Some(true);
    }
    // The same best practices offer 240.0.0.0/4 for the client's own subnetwork, yet no list of this setting's
    // destinations names it, neither as in nor as out.
    if within(240, 0, 0, 0, 4) {
        None
    } else {
        Some(false)
    }
}
