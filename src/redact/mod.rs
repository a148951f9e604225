//! Secrets, told by their form or by the field that they stand in, and what stands in their place.
//!
//! Texts come in; out they go with secrets replaced. `text` knows the forms, `query` one of them by heart, `marks` tells
//! fast where none can be, `fields` knows the telling names, `walk` finds the texts in JSON without touching the rest, `spots`
//! only those that have marks, `tokens` makes the replacements, `shown` does all of it for what people see at
//! once. Bundles come here, and so does whoever shows the words of others: reports, errors.
mod fields;
mod marks;
mod query;
mod shown;
mod splice;
mod spots;
mod text;
mod tokens;
mod walk;

pub use fields::{Fields, Place, Replace};
pub use marks::{Hit, OTHERS, PRIVATE_KEY, Wanted, find as find_marks};
pub use shown::{Teller, in_log, is_telling, told, unquoted};
pub use spots::{Change, changes as changes_marked, put as put_changes};
pub use text::{Forms, QUERIES};
pub use tokens::{Key, Tokens};
pub use walk::{NotJson, rewrite};
