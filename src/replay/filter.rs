//! Cloud Logging's query language, as far as collectors use it: comparisons, AND, OR, NOT, text.
//!
//! Source: the language's reference. NOT binds strongest, then OR, then AND; two terms side by side are AND.
use std::iter::Peekable;
use std::str::Chars;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// A field and what it must be; the path's parts are unquoted.
    Compare {
        path: Vec<String>,
        operator: Operator,
        value: String,
    },
    /// A term without a field: anywhere in the entry.
    Text(String),
    /// `log_id("run.googleapis.com/stderr")`.
    LogId(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Has,
    Match,
    NotMatch,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Operator(Operator),
    Open,
    Close,
    Minus,
}

/// Reads a filter. The error is told as the API would: 400.
pub fn parse(text: &str) -> Result<Filter, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens, at: 0 };
    if parser.tokens.is_empty() {
        return Ok(Filter::All(Vec::new()));
    }
    let filter = parser.all(0)?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

/// Parentheses deeper than this are no filter of anybody.
const DEEPEST: usize = 64;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(own)) if own == word)
    }

    fn all(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > DEEPEST {
            return Err("nested too deeply".into());
        }
        let mut terms = vec![self.any(depth)?];
        loop {
            if self.is_word("AND") {
                self.at += 1;
            } else if matches!(self.peek(), None | Some(Token::Close)) {
                break;
            }
            terms.push(self.any(depth)?);
        }
        Ok(one_or(terms, Filter::All))
    }

    fn any(&mut self, depth: usize) -> Result<Filter, String> {
        let mut terms = vec![self.negated(depth)?];
        while self.is_word("OR") {
            self.at += 1;
            terms.push(self.negated(depth)?);
        }
        Ok(one_or(terms, Filter::Any))
    }

    fn negated(&mut self, depth: usize) -> Result<Filter, String> {
        if self.is_word("NOT") || self.peek() == Some(&Token::Minus) {
            self.at += 1;
            return Ok(Filter::Not(Box::new(self.term(depth)?)));
        }
        self.term(depth)
    }

    fn term(&mut self, depth: usize) -> Result<Filter, String> {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.all(depth + 1)?;
                self.close()?;
                Ok(inner)
            }
            Some(Token::Word(word)) if self.peek() == Some(&Token::Open) => self.function(&word),
            Some(Token::Word(word)) => match self.peek() {
                Some(Token::Operator(operator)) => {
                    let operator = *operator;
                    self.at += 1;
                    self.values(&split(&word)?, operator, depth)
                }
                _ => Ok(Filter::Text(word)),
            },
            Some(Token::Quoted(text)) => Ok(Filter::Text(text)),
            Some(token) => Err(format!("unexpected {token:?}")),
            None => Err("the filter ends too early".into()),
        }
    }

    fn function(&mut self, name: &str) -> Result<Filter, String> {
        self.at += 1;
        let argument = match self.next() {
            Some(Token::Quoted(text) | Token::Word(text)) => text,
            _ => return Err(format!("{name} takes a text")),
        };
        self.close()?;
        match name {
            "log_id" => Ok(Filter::LogId(argument)),
            "SEARCH" => Ok(Filter::Text(argument)),
            _ => Err(format!("unknown function {name}")),
        }
    }

    /// One value, or `("a" OR "b")`.
    fn values(&mut self, path: &[String], operator: Operator, depth: usize) -> Result<Filter, String> {
        let compare = |value: String| Filter::Compare {
            path: path.to_vec(),
            operator,
            value,
        };
        match self.next() {
            Some(Token::Quoted(value) | Token::Word(value)) => Ok(compare(value)),
            Some(Token::Minus) => match self.next() {
                Some(Token::Word(value)) => Ok(compare(format!("-{value}"))),
                _ => Err("a value is missing after -".into()),
            },
            Some(Token::Open) if depth < DEEPEST => {
                let (mut any, mut terms) = (Vec::new(), vec![self.values(path, operator, depth + 1)?]);
                loop {
                    match self.next() {
                        Some(Token::Word(word)) if word == "OR" => {}
                        Some(Token::Word(word)) if word == "AND" => {
                            any.push(one_or(std::mem::take(&mut terms), Filter::Any));
                        }
                        Some(Token::Close) => break,
                        _ => return Err("expected OR, AND or ) between values".into()),
                    }
                    terms.push(self.values(path, operator, depth + 1)?);
                }
                any.push(one_or(terms, Filter::Any));
                Ok(one_or(any, Filter::All))
            }
            _ => Err(format!("{} lacks a value", path.join("."))),
        }
    }

    fn close(&mut self) -> Result<(), String> {
        match self.next() {
            Some(Token::Close) => Ok(()),
            _ => Err("a parenthesis is not closed".into()),
        }
    }
}

fn one_or(mut terms: Vec<Filter>, many: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match (terms.len(), terms.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            terms.extend(last);
            many(terms)
        }
    }
}

/// `labels."k8s-pod/app"` into its parts.
fn split(path: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut part, mut letters) = (Vec::new(), String::new(), path.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '.' => parts.push(std::mem::take(&mut part)),
            '"' => part.push_str(&quoted(&mut letters)?),
            other => part.push(other),
        }
    }
    parts.push(part);
    if parts.iter().any(String::is_empty) {
        return Err(format!("{path} is no field"));
    }
    Ok(parts)
}

/// The rest of a text in quotes.
fn quoted(letters: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok(text),
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(own @ ('"' | '\\' | '\'')) => text.push(own),
                // What is no escape stays as it is: patterns are full of them.
                Some(own) => text.extend(['\\', own]),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err("a quote is not closed".into())
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut letters = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(letter) = letters.next() {
        let then_equal = letters.peek() == Some(&'=');
        let token = match letter {
            _ if letter.is_whitespace() => continue,
            '-' if letters.peek() == Some(&'-') => {
                // A comment, to the end of the line.
                for letter in letters.by_ref() {
                    if letter == '\n' {
                        break;
                    }
                }
                continue;
            }
            '(' => Token::Open,
            ')' => Token::Close,
            '-' => Token::Minus,
            ':' => Token::Operator(Operator::Has),
            '=' if letters.peek() == Some(&'~') => {
                letters.next();
                Token::Operator(Operator::Match)
            }
            '=' => Token::Operator(Operator::Equal),
            '!' => match letters.next() {
                Some('=') => Token::Operator(Operator::NotEqual),
                Some('~') => Token::Operator(Operator::NotMatch),
                _ => return Err("unexpected !".into()),
            },
            '<' | '>' => {
                if then_equal {
                    letters.next();
                }
                Token::Operator(match (letter, then_equal) {
                    ('<', true) => Operator::LessEqual,
                    ('<', false) => Operator::Less,
                    (_, true) => Operator::GreaterEqual,
                    (_, false) => Operator::Greater,
                })
            }
            '"' => {
                let text = quoted(&mut letters)?;
                // A quoted first part of a path: `"labels".x`.
                if letters.peek() == Some(&'.') {
                    return Err("a field must not begin with a quote".into());
                }
                Token::Quoted(text)
            }
            first => {
                // A bare timestamp has colons: after a comparison they are part of the value.
                let value = matches!(tokens.last(), Some(Token::Operator(_)));
                word(first, value, &mut letters)?
            }
        };
        tokens.push(token);
    }
    Ok(tokens)
}

/// A bare word, which a field with quoted parts is too.
fn word(first: char, value: bool, letters: &mut Peekable<Chars<'_>>) -> Result<Token, String> {
    let mut text = String::from(first);
    while let Some(letter) = letters.peek().copied() {
        match letter {
            '"' if text.ends_with('.') => {
                letters.next();
                let inner = quoted(letters)?.replace('\\', "\\\\").replace('"', "\\\"");
                text.push_str(&format!("\"{inner}\""));
            }
            ':' if value => {
                letters.next();
                text.push(letter);
            }
            _ if letter.is_whitespace() || "()=<>!:\"".contains(letter) => break,
            own => {
                letters.next();
                text.push(own);
            }
        }
    }
    Ok(Token::Word(text))
}
