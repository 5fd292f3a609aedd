//! The page in a real browser: headless Chromium, driven through `WebDriver`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a test that was skipped says so")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keysweep::report::model::Report;
use keysweep::report::{Format, read, render, write_atomically};
use serde_json::{Value, json};

/// A browser with one page; ends with its value.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one; `None`, said aloud, where no `ChromeDriver` is installed.
    fn start() -> Option<Self> {
        let spawned = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = spawned else {
            eprintln!("SKIPPED: a test of the page needs chromedriver and chromium");
            return None;
        };
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said
            .find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver names its port");
        let profile = tempfile::tempdir().unwrap();
        let args = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--window-size=1280,1000".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let opened = browser.call(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": args},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        );
        opened["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        Some(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let body = if method == "GET" { String::new() } else { body.to_string() };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer["value"].get("error").is_none(), "{path}: {answer}");
        answer["value"].clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn open(&self, page: &Path) {
        // What the browser loads for its own first tab is not the page's.
        self.post("/url", &json!({"url": "about:blank"}));
        self.log("performance");
        self.post("/url", &json!({"url": format!("file://{}", page.display())}));
    }

    fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.tools("Emulation.setEmulatedMedia", &json!({"media": "", "features": features}));
    }

    /// A command of the browser's developer tools.
    fn tools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// How long the page has kept its thread busy, in processor time: what else
    /// the machine does is not the page's.
    fn busy(&self) -> Duration {
        let metrics = self.tools("Performance.getMetrics", &json!({}));
        let mut named = metrics["metrics"].as_array().unwrap().iter();
        let busy = named.find(|metric| metric["name"] == "TaskDuration").unwrap();
        Duration::from_secs_f64(busy["value"].as_f64().unwrap())
    }

    /// Runs a script outside the page's own policy, as the browser's tools do.
    fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    fn screenshot(&self, page: &Path, name: &str) {
        let height = self.run("return document.documentElement.scrollHeight").as_u64().unwrap();
        self.post(
            "/window/rect",
            &json!({"width": 1280, "height": (height + 140).clamp(600, 6_000)}),
        );
        let picture =
            self.call("GET", &format!("/session/{}/screenshot", self.session), &Value::Null);
        let bytes = data_encoding::BASE64.decode(picture.as_str().unwrap().as_bytes()).unwrap();
        std::fs::write(page.with_file_name(format!("{name}.png")), bytes).unwrap();
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.post("/se/log", &json!({"type": kind}));
        entries.as_array().unwrap().clone()
    }

    /// Every address that the page asked for.
    fn requests(&self) -> Vec<String> {
        self.log("performance")
            .iter()
            .filter_map(|entry| {
                let message: Value =
                    serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
                let message = &message["message"];
                (message["method"] == "Network.requestWillBeSent")
                    .then(|| message["params"]["request"]["url"].as_str().unwrap().to_owned())
            })
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.call("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn sample(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/report/samples")
        .join(format!("{name}.json"));
    read(&std::fs::read(path).unwrap()).unwrap()
}

/// Writes the page where it can be looked at after the test.
fn page(report: &Report, name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("html");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join(format!("{name}.html"));
    write_atomically(&path, |out| render(report, Format::Html, out)).unwrap();
    path
}

/// The page asked for itself alone and broke nothing of its own policy.
fn assert_quiet(browser: &Browser, page: &Path) {
    let complaints = browser.log("browser");
    assert!(complaints.is_empty(), "{complaints:?}");
    let own = format!("file://{}", page.display());
    let others: Vec<String> =
        browser.requests().into_iter().filter(|url| !url.starts_with(&own)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn page_shows_findings_in_light_and_dark() {
    for (scheme, name) in [("light", "responded-light"), ("dark", "responded-dark")] {
        let Some(browser) = Browser::start() else { return };
        let page = page(&sample("responded"), name);
        browser.open(&page);
        browser.prefer(scheme);
        assert_eq!(browser.run("return document.querySelectorAll('tr.key').length"), 2);
        assert_eq!(
            browser.run("return document.querySelectorAll('svg.line .bar').length >= 2"),
            true
        );
        assert_eq!(
            browser.run("return matchMedia('(prefers-color-scheme: dark)').matches"),
            scheme == "dark"
        );
        browser.screenshot(&page, name);
        browser.run("document.querySelectorAll('.open-key').forEach(b => b.click())");
        browser.screenshot(&page, &format!("{name}-open"));
        assert_quiet(&browser, &page);
    }
}

#[test]
fn page_without_findings_says_clean_only_when_all_was_read() {
    let Some(browser) = Browser::start() else { return };
    for (name, clean) in [("clean", true), ("incomplete", false)] {
        let page = page(&sample(name), name);
        browser.open(&page);
        let said = browser.run("return document.querySelector('.banner').innerText");
        assert_eq!(said.as_str().unwrap().contains("everything in scope was read"), clean);
        assert_eq!(browser.run("return document.getElementById('keys')"), Value::Null);
        let coverage = browser.run("return document.getElementById('coverage').innerText");
        assert_eq!(coverage.as_str().unwrap().contains("backup/dump.sql"), !clean);
        browser.screenshot(&page, name);
        assert_quiet(&browser, &page);
    }
}

#[test]
fn keyboard_alone_sorts_opens_and_filters() {
    let Some(browser) = Browser::start() else { return };
    let page = page(&sample("responded"), "keyboard");
    browser.open(&page);
    let keys = |keys: &str| {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
            })
            .collect();
        browser.post(
            "/actions",
            &json!({"actions": [{"type": "key", "id": "k", "actions": actions}]}),
        );
    };
    let first = || browser.run("return document.querySelector('tr.key').dataset.verdict");
    browser.run("document.querySelector('#keys th button').focus()");
    assert_eq!(first(), "live");
    keys("\u{e007}");
    assert_eq!(first(), "dead");
    assert_eq!(browser.run("return document.querySelector('#keys th').ariaSort"), "descending");
    keys("\u{e007}");
    assert_eq!(first(), "live");
    browser.run("document.querySelector('.open-key').focus()");
    keys(" ");
    assert_eq!(
        browser.run("return document.querySelector('.open-key').getAttribute('aria-expanded')"),
        "true"
    );
    assert_eq!(
        browser.run("return getComputedStyle(document.querySelector('tr.detail.open')).display"),
        "table-row"
    );
    browser.run("document.getElementById('search').focus()");
    keys("report.go");
    let shown = || browser.run("return document.getElementById('shown').textContent");
    assert_eq!(shown(), "1 of 2 keys");
    // What stands in a folded row is found too.
    for (typed, found) in [("grace@example.com", "1 of 2 keys"), ("no such thing", "0 of 2 keys")] {
        browser.run("document.getElementById('search').value = ''");
        keys(typed);
        assert_eq!(shown(), found, "{typed}");
    }
    assert_quiet(&browser, &page);
}

#[test]
fn hostile_text_is_inert() {
    let Some(browser) = Browser::start() else { return };
    let page = page(&sample("hostile"), "hostile");
    browser.open(&page);
    let title = browser.run("return document.title");
    assert!(title.as_str().unwrap().starts_with("Keysweep report"), "{title}");
    for (what, count) in [("img", 0), ("main script", 0), ("script", 2), ("svg[onload]", 0)] {
        let script = format!("return document.querySelectorAll('{what}').length");
        assert_eq!(browser.run(&script), count, "{what}");
    }
    assert_eq!(
        browser.run(
            "return [...document.querySelectorAll('*')].some(e => [...e.attributes].some(a => /^on|^style$/i.test(a.name)))"
        ),
        false
    );
    let folded = "return document.querySelectorAll('tr.detail noscript').length";
    assert_eq!(browser.run(folded), 9, "details are read when they are opened");
    browser.run("document.getElementById('open-all').click()");
    assert_eq!(browser.run(folded), 0);
    let text = browser.run("return document.getElementById('keys').textContent");
    assert!(text.as_str().unwrap().contains("<img src=x onerror="));
    assert_eq!(browser.run("return document.querySelectorAll('img, main script').length"), 0);
    browser.screenshot(&page, "hostile");
    assert_quiet(&browser, &page);
}

#[test]
fn page_with_5000_keys_is_interactive_within_a_second() {
    let Some(browser) = Browser::start() else { return };
    let mut report = sample("responded");
    let models = report.findings[..2].to_vec();
    report.findings = (0..5_000_u32)
        .map(|number| {
            let mut finding = models[number as usize % 2].clone();
            finding.fingerprint = format!("sha256:{number:064x}").parse().unwrap();
            for place in &mut finding.occurrences {
                place.path = place.path.as_ref().map(|path| format!("services/{number}/{path}"));
            }
            finding
        })
        .collect();
    let page = page(&report, "five-thousand");
    browser.tools("Performance.enable", &json!({"timeDomain": "threadTicks"}));
    let timed = |act: &dyn Fn()| {
        let began = browser.busy();
        act();
        // A page that is opened may begin in a process of its own, at nothing.
        let ended = browser.busy();
        ended.checked_sub(began).unwrap_or(ended)
    };
    let ready = timed(&|| browser.open(&page));
    let flush = "; return document.documentElement.offsetHeight";
    let sort = format!("document.querySelectorAll('#keys th button')[4].click(){flush}");
    let sorted = timed(&|| drop(browser.run(&sort)));
    let filter = format!(
        "const s = document.getElementById('search'); s.value = 'services/4999/'; s.dispatchEvent(new Event('input')){flush}"
    );
    let filtered = timed(&|| drop(browser.run(&filter)));
    assert_eq!(
        browser.run("return document.getElementById('shown').textContent"),
        "1 of 5000 keys"
    );
    eprintln!("ready {ready:?}, sorted {sorted:?}, filtered {filtered:?}");
    for (what, took) in [("ready", ready), ("sorted", sorted), ("filtered", filtered)] {
        assert!(took < Duration::from_secs(1), "{what} after {took:?}");
        assert!(took > Duration::ZERO, "{what} was not measured");
    }
    browser.run("const s = document.getElementById('search'); s.value = ''; s.dispatchEvent(new Event('input'))");
    assert_quiet(&browser, &page);
}

/// The policy names the digests of what is there, and nothing else may run.
#[test]
fn policy_allows_the_page_s_own_style_and_script_alone() {
    let mut bytes = Vec::new();
    render(&sample("responded"), Format::Html, &mut bytes).unwrap();
    let page = String::from_utf8(bytes).unwrap();
    let between = |from: &str, to: &str| {
        let start = page.find(from).unwrap() + from.len();
        &page[start..start + page[start..].find(to).unwrap()]
    };
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (from, to) in
        [("<style>", "</style>"), ("<script>", "</script>"), ("</footer>\n<script>", "</script>")]
    {
        use sha2::Digest as _;
        let digest = data_encoding::BASE64.encode(&sha2::Sha256::digest(between(from, to)));
        assert!(policy.contains(&format!("'sha256-{digest}'")), "{from}");
    }
    for outside in ["http:", "https:", "//", "url(", "@import"] {
        let style = between("<style>", "</style>");
        assert!(!style.contains(outside), "{outside}");
    }
}
