// rustc wait.rs && ./wait QUERY: the same as wait.py beside it, a sketch with Rust's standard library alone. With serde_json it is half as long.
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::{env, fmt, process};

#[derive(Clone, Debug, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// `at(&["item", "request", "url"])`; Null where there is nothing.
    fn at(&self, path: &[&str]) -> &Json {
        match (path.split_first(), self) {
            (None, _) => self,
            (Some((name, rest)), Json::Object(fields)) => fields.get(*name).map_or(&Json::Null, |field| field.at(rest)),
            _ => &Json::Null,
        }
    }
}

/// As JSON, but for texts, which are shown as they are.
impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Json::Text(text) => write!(out, "{text}"),
            Json::Number(number) => write!(out, "{number}"),
            other => write!(out, "{other:?}"),
        }
    }
}

/// A JSON text with its quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if (c as u32) < 0x20 => out += &format!("\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out + "\""
}

/// RFC 8259. What the daemon sends is well-formed; anything else ends the program.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn next(&mut self) -> char {
        let c = self.rest.chars().next().expect("JSON that is cut off");
        self.rest = &self.rest[c.len_utf8()..];
        c
    }

    fn peek(&mut self) -> char {
        self.rest = self.rest.trim_start();
        self.rest.chars().next().expect("JSON that is cut off")
    }

    fn word(&mut self, word: &str, value: Json) -> Json {
        self.rest = self.rest.strip_prefix(word).expect("a word of JSON");
        value
    }

    fn value(&mut self) -> Json {
        match self.peek() {
            'n' => self.word("null", Json::Null),
            't' => self.word("true", Json::Bool(true)),
            'f' => self.word("false", Json::Bool(false)),
            '"' => Json::Text(self.text()),
            '[' => Json::List(self.items(']', |parser| parser.value())),
            '{' => {
                let field = |parser: &mut Self| {
                    parser.peek();
                    let name = parser.text();
                    assert_eq!(parser.peek(), ':');
                    parser.next();
                    (name, parser.value())
                };
                Json::Object(self.items('}', field).into_iter().collect())
            }
            _ => {
                let end = self.rest.find(|c| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(end);
                self.rest = rest;
                Json::Number(number.parse().expect("a number"))
            }
        }
    }

    fn items<Item>(&mut self, end: char, mut item: impl FnMut(&mut Self) -> Item) -> Vec<Item> {
        self.next();
        let mut items = Vec::new();
        while self.peek() != end {
            items.push(item(self));
            if self.peek() == ',' {
                self.next();
            }
        }
        self.next();
        items
    }

    fn text(&mut self) -> String {
        assert_eq!(self.next(), '"');
        let mut units: Vec<u16> = Vec::new();
        loop {
            match self.next() {
                '"' => return String::from_utf16_lossy(&units),
                '\\' => match self.next() {
                    'u' => {
                        let (hex, rest) = self.rest.split_at(4);
                        self.rest = rest;
                        units.push(u16::from_str_radix(hex, 16).expect("four hexadecimal digits"));
                    }
                    c => units.push(match c { 'n' => 10, 'r' => 13, 't' => 9, 'b' => 8, 'f' => 12, other => other as u16 }),
                },
                c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
            }
        }
    }
}

/// Where weir listens: the socket that `weir status` prints.
fn socket_path() -> String {
    let named = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let user = named("HOME").unwrap_or_default();
    let data = if cfg!(target_os = "macos") {
        user + "/Library/Application Support"
    } else {
        named("XDG_DATA_HOME").unwrap_or(user + "/.local/share")
    };
    let home = named("WEIR_HOME").unwrap_or(data + "/weir");
    named("WEIR_SOCKET").unwrap_or(home + "/weir.sock")
}

/// JSON-RPC 2.0 over a Unix socket, framed as in the Language Server Protocol.
struct Weir {
    stream: BufReader<UnixStream>,
    calls: u32,
}

impl Weir {
    fn connect() -> io::Result<Weir> {
        let path = socket_path();
        let stream = UnixStream::connect(&path).map_err(|error| {
            io::Error::other(format!("{path}: {error}; start weir (weir start), or name in WEIR_SOCKET the socket that weir status prints"))
        })?;
        let mut weir = Weir { stream: BufReader::new(stream), calls: 0 };
        weir.call("initialize", r#"{"client":{"name":"wait.rs","version":"1"}}"#)?;
        Ok(weir)
    }

    fn call(&mut self, method: &str, params: &str) -> io::Result<Json> {
        self.calls += 1;
        let body = format!(r#"{{"jsonrpc":"2.0","id":{},"method":{},"params":{params}}}"#, self.calls, quoted(method));
        write!(self.stream.get_mut(), "Content-Length: {}\r\n\r\n{body}", body.len())?;
        loop {
            let answer = self.receive()?;
            if *answer.at(&["id"]) != Json::Number(self.calls.into()) {
                continue; // A notification.
            }
            if let Json::Text(message) = answer.at(&["error", "message"]) {
                return Err(io::Error::other(format!("{method}: {message}")));
            }
            return Ok(answer.at(&["result"]).clone());
        }
    }

    fn receive(&mut self) -> io::Result<Json> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().expect("a length"),
                Some(_) => (),
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Parser { rest: &String::from_utf8_lossy(&body) }.value())
    }
}

fn main() -> io::Result<()> {
    let query = env::args().nth(1).expect("usage: wait QUERY");
    let mut weir = Weir::connect()?;
    let session = weir.call("session/start", r#"{"name":"wait.rs"}"#)?;
    let id = quoted(&session.at(&["id"]).to_string());
    println!("proxy http://{}:{}", session.at(&["proxy", "host"]), session.at(&["proxy", "port"]));

    let wanted = format!(r#"{{"sessionId":{id},"where":{},"timeoutMs":60000}}"#, quoted(&query));
    let waited = weir.call("exchange/wait", &wanted)?;
    let item = waited.at(&["item"]);
    let found = *item != Json::Null;
    if found {
        let (seq, request) = (item.at(&["seq"]), item.at(&["request"]));
        println!("{seq} {} {} {}", request.at(&["method"]), request.at(&["url"]), item.at(&["response", "status"]));
        let body = weir.call("exchange/readText", &format!(r#"{{"sessionId":{id},"seq":{seq},"part":"response"}}"#))?;
        println!("{}", body.at(&["text"]));
    } else {
        eprintln!("nothing matched within a minute");
    }
    weir.call("session/stop", &format!(r#"{{"sessionId":{id}}}"#))?;
    process::exit(if found { 0 } else { 1 })
}
