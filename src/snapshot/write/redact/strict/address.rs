//! IP addresses by other addresses: private ones stay private, what lies in one subnet lies in one subnet still.
//!
//! Each bit is turned or not by a keyed hash of the bits before it (as Crypto-PAn does), so that two addresses share as
//! long a prefix as before. The prefix that makes a range what it is stays.
use super::Key;
use super::memo::Memo;
use super::scan;
use ipnet::{IpNet, Ipv4Net};
use memchr::memchr_iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub struct Addresses {
    key: Key,
}

/// What was made of texts lately, and which bits of a byte were turned, by what stands before its last bit.
#[derive(Default)]
pub struct Lately {
    texts: Memo<String, Option<String>>,
    turned: Turned,
}

type Turned = Memo<(&'static str, u32, u128), u8>;

/// Ranges within which an address stays: RFC 1918, RFC 6598, RFC 2544.
const PRIVATE: [(Ipv4Addr, u8); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
];

/// Ranges that mean the same to everybody: this host, link-local, multicast and above; Google's health checks, proxies and
/// private access (https://cloud.google.com/load-balancing/docs/health-check-concepts, …/vpc/docs/configure-private-google-access).
const KNOWN: [(Ipv4Addr, u8); 10] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
    (Ipv4Addr::new(35, 191, 0, 0), 16),
    (Ipv4Addr::new(130, 211, 0, 0), 22),
    (Ipv4Addr::new(199, 36, 153, 0), 24),
    (Ipv4Addr::new(35, 199, 192, 0), 19),
    (Ipv4Addr::new(209, 85, 152, 0), 22),
    (Ipv4Addr::new(34, 126, 0, 0), 18),
];

fn range_of(ranges: &[(Ipv4Addr, u8)], address: Ipv4Addr) -> Option<u8> {
    let within = |(base, length): &&(Ipv4Addr, u8)| {
        Ipv4Net::new(*base, *length).is_ok_and(|net| net.contains(&address))
    };
    ranges.iter().find(within).map(|(_, length)| *length)
}

impl Addresses {
    pub fn new(key: &Key) -> Self {
        Self { key: key.clone() }
    }

    pub fn rename(
        &self,
        text: &str,
        lately: &mut Lately,
        count: &mut dyn FnMut(&'static str),
    ) -> Option<String> {
        let Lately { texts, turned } = lately;
        let mut one = |found: &str| {
            let new = texts.of(found, || self.other(found, turned).filter(|new| new != found))?;
            count("address");
            Some(new)
        };
        let mut new = None;
        if memchr_iter(b'.', text.as_bytes()).count() >= 3 {
            new = scan::replace(scan::v4(text), text, &mut one);
        }
        let text = new.as_deref().unwrap_or(text);
        if text.contains(':') {
            new = scan::replace(scan::v6(text), text, &mut one).or(new);
        }
        new
    }

    /// An address, or a range in CIDR notation.
    fn other(&self, text: &str, turned: &mut Turned) -> Option<String> {
        let Some((address, length)) = text.split_once('/') else {
            return Some(self.address(text.parse().ok()?, turned).to_string());
        };
        let net = IpNet::new(address.parse().ok()?, length.parse().ok()?).ok()?;
        if is_wide(&net) {
            return None;
        }
        let other = IpNet::new(self.address(net.network(), turned), net.prefix_len()).ok()?;
        Some(if net.addr() == net.network() {
            other.trunc().to_string()
        } else {
            IpNet::new(self.address(net.addr(), turned), net.prefix_len())
                .ok()?
                .to_string()
        })
    }

    fn address(&self, address: IpAddr, turned: &mut Turned) -> IpAddr {
        match address {
            IpAddr::V4(address) => self.v4(address, turned).into(),
            IpAddr::V6(address) => self.v6(address, turned).into(),
        }
    }

    fn v4(&self, address: Ipv4Addr, turned: &mut Turned) -> Ipv4Addr {
        if range_of(&KNOWN, address).is_some() {
            return address;
        }
        if let Some(fixed) = range_of(&PRIVATE, address) {
            return self.turn_v4(address, fixed, turned);
        }
        // A public address stays public: turned on until it is no other's.
        let mut other = self.turn_v4(address, 0, turned);
        for _ in 0..64 {
            if range_of(&KNOWN, other).is_none() && range_of(&PRIVATE, other).is_none() {
                break;
            }
            other = self.turn_v4(other, 0, turned);
        }
        other
    }

    fn turn_v4(&self, address: Ipv4Addr, fixed: u8, turned: &mut Turned) -> Ipv4Addr {
        let wide = u128::from(address.to_bits()) << 96;
        let other = self.turn(wide, u32::from(fixed), 32, "ipv4", turned) >> 96;
        Ipv4Addr::from_bits(u32::try_from(other).unwrap_or_default())
    }

    fn v6(&self, address: Ipv6Addr, turned: &mut Turned) -> Ipv6Addr {
        if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
            return address;
        }
        // Unique local addresses fd00::/8, link-local fe80::/10, global 2000::/3.
        let fixed = match address.segments() {
            [first, ..] if first >> 8 == 0xfd || first >> 8 == 0xfc => 8,
            [first, ..] if first & 0xffc0 == 0xfe80 => 10,
            _ => 3,
        };
        Ipv6Addr::from_bits(self.turn(address.to_bits(), fixed, 128, "ipv6", turned))
    }

    /// Turns the bits from `fixed` to `length`, counted from the left.
    fn turn(
        &self,
        address: u128,
        fixed: u32,
        length: u32,
        domain: &'static str,
        turned: &mut Turned,
    ) -> u128 {
        let mut bits = 0;
        for byte in fixed / 8..length / 8 {
            let before = address >> (121 - 8 * byte);
            let of_byte = turned.of(&(domain, byte, before), || self.of_byte(address, byte, domain));
            bits |= u128::from(of_byte) << (120 - 8 * byte);
        }
        address ^ (bits & (u128::MAX >> fixed))
    }

    /// Which bits of a byte are turned.
    fn of_byte(&self, address: u128, byte: u32, domain: &str) -> u8 {
        (8 * byte..8 * (byte + 1)).fold(0, |bits, bit| {
            let before = if bit == 0 { 0 } else { address >> (128 - bit) };
            let mut seed = [0; 17];
            let (value, place) = seed.split_at_mut(16);
            value.copy_from_slice(&before.to_be_bytes());
            place.fill(u8::try_from(bit).unwrap_or(u8::MAX));
            bits << 1 | u8::from(self.key.hash(domain, &seed) & 1 == 1)
        })
    }
}

/// A range that holds all of a private range, or more: it names nobody.
fn is_wide(net: &IpNet) -> bool {
    match net {
        IpNet::V4(net) => {
            let fixed = range_of(&PRIVATE, net.network());
            net.prefix_len() <= fixed.unwrap_or(7)
        }
        IpNet::V6(net) => net.prefix_len() <= 10,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn other(text: &str) -> String {
        let addresses = Addresses::new(&Key::from_text("test"));
        addresses
            .rename(text, &mut Lately::default(), &mut |_| {})
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn what_lies_in_a_private_subnet_lies_in_its_other_self() {
        for (net, inside, outside) in [
            ("10.8.0.0/20", "10.8.15.254", "10.8.16.1"),
            ("172.16.4.0/24", "172.16.4.9", "172.16.5.9"),
            ("192.168.128.0/17", "192.168.200.1", "192.168.1.1"),
            ("fd20:ab::/32", "fd20:ab::7", "fd20:ac::7"),
        ] {
            let hidden: IpNet = other(net).parse().unwrap();
            assert_ne!(hidden.to_string(), net);
            assert!(
                hidden.contains(&other(inside).parse::<IpAddr>().unwrap()),
                "{net}"
            );
            assert!(
                !hidden.contains(&other(outside).parse::<IpAddr>().unwrap()),
                "{net}"
            );
        }
        assert!(other("10.1.2.3").parse::<Ipv4Addr>().unwrap().is_private());
        let public: Ipv4Addr = other("203.0.114.9").parse().unwrap();
        assert!(!public.is_private() && public != Ipv4Addr::new(203, 0, 114, 9));
    }

    #[test]
    fn ranges_that_everybody_knows_and_what_only_looks_like_an_address_stay() {
        for text in [
            "10.0.0.0/8",
            "0.0.0.0/0",
            "130.211.0.0/22",
            "35.191.0.0/16",
            "169.254.169.254",
            "127.0.0.1",
            "::1",
            "12:34:56",
            "version 1.36.0",
            "2026-11-20T09:35:00Z",
            "999.1.1.1",
        ] {
            assert_eq!(other(text), text);
        }
        // What stands before it is no range whose length it were.
        assert_eq!(
            other("dial tcp/10.8.0.5:80, subnet/10.8.0.5"),
            format!("dial tcp/{0}:80, subnet/{0}", other("10.8.0.5"))
        );
        let line = other("from 10.8.0.5:8080 to [fd00::5]:80");
        assert_eq!(
            other("to%2010.8.0.5%20"),
            format!("to%20{}%20", other("10.8.0.5"))
        );
        assert!(line.starts_with("from 10.") && line.contains(":8080 to [fd") && !line.contains("10.8.0.5"));
    }
}
