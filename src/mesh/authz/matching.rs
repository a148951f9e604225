//! The four answers to "does this match the call?", and how they combine.
use std::collections::BTreeSet;

/// What of a call an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    Identity,
    Token,
    Address,
    Port,
    Host,
    Path,
    Method,
}

impl Ground {
    /// As rules ask for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Token => "token",
            Self::Address => "address",
            Self::Port => "port",
            Self::Host => "host",
            Self::Path => "path",
            Self::Method => "method",
        }
    }
}

/// Why something matches, or does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// Of a match it reads after "requests …" and is empty where nothing is asked of them; else after "allows only …".
    pub why: String,
    /// The lack of a JWT is all there is to it.
    pub jwt: bool,
    pub grounds: BTreeSet<Ground>,
}

/// How many of a client's calls a condition on method, path or headers is likely to hold of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// Listed ones.
    Few,
    Unclear,
    /// All but listed ones.
    Most,
}

/// Whether a condition, a list of alternatives or a whole rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Every call.
    Yes(Reason),
    /// Some calls, told apart by `what`; which ones the client makes is not known.
    Some {
        what: String,
        share: Share,
    },
    /// No call.
    No(Reason),
    Unknown(String),
}

impl Match {
    /// Nothing is asked.
    pub fn anything() -> Self {
        Self::Yes(Reason::default())
    }

    pub fn yes(ground: Ground, why: impl Into<String>) -> Self {
        Self::Yes(Reason::new(ground, why.into()))
    }

    pub fn no(ground: Ground, why: impl Into<String>) -> Self {
        Self::No(Reason::new(ground, why.into()))
    }

    /// All must match: a sure No wins, since the others do not matter then.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut yes, mut no, mut unknown) = (Vec::new(), Vec::new(), None);
        let (mut some, mut share) = (Vec::new(), Share::Most);
        for part in parts {
            match part {
                Self::Yes(reason) => yes.push(reason),
                Self::Some { what, share: own } => {
                    some.push(what);
                    share = share.min(own);
                }
                Self::No(reason) => no.push(reason),
                Self::Unknown(why) => _ = unknown.get_or_insert(why),
            }
        }
        if !no.is_empty() {
            let jwt = no.iter().all(|reason| reason.jwt);
            Self::No(Reason::joined(no, ", and ", jwt))
        } else if let Some(why) = unknown {
            Self::Unknown(why)
        } else if !some.is_empty() {
            Self::Some {
                what: some.join(" and "),
                share,
            }
        } else {
            let jwt = yes.iter().any(|reason| reason.jwt);
            Self::Yes(Reason::joined(yes, " and ", jwt))
        }
    }

    /// One of the alternatives must match; no alternatives at all ask nothing.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut no, mut unknown, mut empty) = (Vec::new(), None, true);
        let (mut some, mut share) = (Vec::new(), Share::Few);
        for part in parts {
            empty = false;
            match part {
                Self::Yes(_) => return part,
                Self::Some { what, share: own } => {
                    some.push(what);
                    share = share.max(own);
                }
                Self::Unknown(why) => _ = unknown.get_or_insert(why),
                Self::No(reason) => no.push(reason),
            }
        }
        if empty {
            Self::anything()
        } else if let Some(why) = unknown {
            Self::Unknown(why)
        } else if !some.is_empty() {
            Self::Some {
                what: some.join(" or "),
                share,
            }
        } else {
            let jwt = no.iter().any(|reason| reason.jwt);
            Self::No(Reason::joined(no, ", or ", jwt))
        }
    }
}

impl Reason {
    fn new(ground: Ground, why: String) -> Self {
        Self {
            why,
            jwt: ground == Ground::Token,
            grounds: BTreeSet::from([ground]),
        }
    }

    fn joined(reasons: Vec<Self>, by: &str, jwt: bool) -> Self {
        let mut whys: Vec<String> = Vec::new();
        let mut grounds = BTreeSet::new();
        for reason in reasons {
            grounds.extend(reason.grounds);
            if !reason.why.is_empty() && !whys.contains(&reason.why) {
                whys.push(reason.why);
            }
        }
        Self {
            why: whys.join(by),
            jwt,
            grounds,
        }
    }
}
