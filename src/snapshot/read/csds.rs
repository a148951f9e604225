//! CSDS answers in binary, recognised by walking their outermost fields without unfolding them.

/// Clients of one answer; more is no real answer.
const MAX_CLIENTS: usize = 100_000;

/// The project (a number, or `-`) of the first client that names one, where the bytes are a
/// `ClientStatusResponse` with at least one `config`.
pub fn recognise(bytes: &[u8]) -> Option<String> {
    let mut project = None;
    let mut clients = 0;
    let mut fields = Fields(bytes);
    while let Some(field) = fields.next()? {
        // ClientStatusResponse has `config` (1) alone.
        let (1, Some(config)) = field else { return None };
        clients += 1;
        if clients > MAX_CLIENTS {
            return None;
        }
        let id = node_id(config)?;
        project = project.or_else(|| super::google::project_of(id).map(str::to_owned));
    }
    (clients > 0).then(|| project.unwrap_or_else(|| "-".into()))
}

/// `config.node` (1) `.id` (1); empty where the client names none.
fn node_id(config: &[u8]) -> Option<&str> {
    let mut id = "";
    let mut fields = Fields(config);
    while let Some((number, content)) = fields.next()? {
        if number != 1 {
            continue;
        }
        let mut node = Fields(content?);
        while let Some((number, content)) = node.next()? {
            if number == 1 {
                id = std::str::from_utf8(content?).ok()?;
            }
        }
    }
    Some(id)
}

/// The fields of a protobuf message: number, and content where it is length-delimited.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// The next field; `Some(None)` at the end, `None` where the bytes are no message.
    #[allow(clippy::option_option, clippy::type_complexity)]
    fn next(&mut self) -> Option<Option<(u64, Option<&'b [u8]>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let key = self.varint()?;
        let content = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.take(8)?;
                None
            }
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Some(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                None
            }
            _ => return None,
        };
        (key >> 3 > 0).then_some(Some((key >> 3, content)))
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::recognise;

    #[test]
    fn one_client_names_the_project_by_its_node() {
        let id = b"projects/525300120045/networks/mesh:m/nodes/abc";
        let mut node = vec![0x0a, u8::try_from(id.len()).unwrap_or(0)];
        node.extend_from_slice(id);
        let mut config = vec![0x0a, u8::try_from(node.len()).unwrap_or(0)];
        config.extend(node);
        let mut answer = vec![0x0a, u8::try_from(config.len()).unwrap_or(0)];
        answer.extend(config);
        assert_eq!(recognise(&answer).as_deref(), Some("525300120045"));
        answer.pop();
        assert_eq!(recognise(&answer), None, "a truncated answer is none");
    }

    #[test]
    fn zeros_and_text_are_no_answer() {
        assert_eq!(recognise(&[0; 64]), None);
        assert_eq!(recognise(b"apiVersion: v1\n"), None);
        assert_eq!(recognise(b""), None);
    }
}
