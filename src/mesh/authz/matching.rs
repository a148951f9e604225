//! The four answers to "does this match a plain request?", and how they combine.

/// Whether a condition, a list of alternatives or a whole rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Every plain request. `why` reads after "requests …" and is empty where nothing is asked of them.
    Yes {
        why: String,
        /// It matches since the request brings no JWT.
        jwt: bool,
    },
    /// Some requests, told apart by this.
    Some(String),
    /// No plain request. `why` reads after "allows only …".
    No {
        why: String,
        /// A JWT is all that is missing.
        jwt: bool,
    },
    Unknown(String),
}

impl Match {
    /// Nothing is asked.
    pub fn anything() -> Self {
        Self::Yes {
            why: String::new(),
            jwt: false,
        }
    }

    pub fn yes(why: impl Into<String>) -> Self {
        Self::Yes {
            why: why.into(),
            jwt: false,
        }
    }

    pub fn no(why: impl Into<String>) -> Self {
        Self::No {
            why: why.into(),
            jwt: false,
        }
    }

    /// All must match: a sure No wins, since the others do not matter then.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut yes, mut some, mut no, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut matched_without, mut only_jwt) = (false, true);
        for part in parts {
            match part {
                Self::Yes { why, jwt } => {
                    matched_without |= jwt;
                    yes.push(why);
                }
                Self::Some(what) => some.push(what),
                Self::No { why, jwt } => {
                    only_jwt &= jwt;
                    no.push(why);
                }
                Self::Unknown(why) => unknown.push(why),
            }
        }
        if !no.is_empty() {
            Self::No {
                why: no.join(", and "),
                jwt: only_jwt,
            }
        } else if let Some(why) = unknown.into_iter().next() {
            Self::Unknown(why)
        } else if !some.is_empty() {
            Self::Some(some.join(" and "))
        } else {
            yes.retain(|why| !why.is_empty());
            Self::Yes {
                why: yes.join(" and "),
                jwt: matched_without,
            }
        }
    }

    /// One of the alternatives must match; no alternatives at all ask nothing.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut some, mut no, mut unknown) = (None, Vec::new(), None);
        let mut jwt_helps = false;
        let mut empty = true;
        for part in parts {
            empty = false;
            match part {
                Self::Yes { .. } => return part,
                Self::Some(_) => {
                    some.get_or_insert(part);
                }
                Self::Unknown(_) => {
                    unknown.get_or_insert(part);
                }
                Self::No { why, jwt } => {
                    jwt_helps |= jwt;
                    no.push(why);
                }
            }
        }
        if empty {
            return Self::anything();
        }
        unknown.or(some).unwrap_or_else(|| Self::No {
            why: no.join(", or "),
            jwt: jwt_helps,
        })
    }
}
