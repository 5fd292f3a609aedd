//! Attacks by what a file says: length, depth, and what hurts a reader of text.

use super::{ALL, Case, Scene, clean, found, not_covered, refused, size};
use crate::support::NAME;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a single line of 200 MB with a key in its middle",
        build: |scene| {
            let half = size(100 << 20, 6 << 20);
            let line = scene.line("a");
            let text = [vec![b'x'; half], b" ".to_vec(), line.trim_end().into(), b" ".to_vec()];
            scene.write("long", [text.concat(), vec![b'x'; half]].concat());
        },
        expected: super::Expected { memory_mib: 64, ..found(1) },
    },
    Case {
        name: "controls, titles and clipboard writes around a key",
        build: |scene| {
            let line = scene.line("a");
            let acts = "\u{1b}[2J\u{1b}]0;x\u{7}\u{1b}]52;c;eA==\u{7}\u{9b}31m\u{202e}\u{0}\u{8}";
            scene.write("a.sh", format!("{acts}\n{}{acts}\r\n{acts}", line.trim_end()));
        },
        expected: found(1),
    },
    Case {
        name: "a hundred thousand open brackets of each kind after a name",
        build: |scene| {
            for (at, bracket) in ["(", "[", "{", "<", "\"", "'", "`", "\\", "${", "$(", "=", "<a>"]
                .into_iter()
                .enumerate()
            {
                let deep = bracket.repeat(100_000);
                scene.write(format!("{at}"), format!("{NAME}={deep}\n{NAME}{deep}\n"));
            }
            let line = scene.line("a");
            scene.write("z", line);
        },
        expected: found(1),
    },
    Case {
        name: "a hundred thousand levels of JSON, YAML, XML and calls around a key",
        build: nested,
        expected: found(4),
    },
    Case {
        name: "a key that is base64 of base64, thirty times over",
        build: |scene| {
            let mut text = scene.line("a").into_bytes();
            for _ in 0..size(30, 24) {
                text = data_encoding::BASE64.encode(&text).into_bytes();
            }
            scene.write("deep", text);
            let line = scene.line("b");
            scene.write("z", line);
        },
        expected: found(1),
    },
    Case {
        name: "a name two hundred thousand times in one line, without a value",
        build: |scene| scene.write("a", NAME.repeat(size(200_000, 20_000))),
        // What may be spent on contexts of one piece is spent.
        expected: not_covered(&["over-budget"]),
    },
    Case {
        name: "a name and half a value, a hundred thousand times",
        build: |scene| {
            let pair = format!("{NAME}=%41&#x41;\\x41\\u0041${{{NAME}:-");
            scene.write("a", pair.repeat(size(100_000, 3_000)));
        },
        expected: not_covered(&["over-budget"]),
    },
    Case {
        name: "a rule whose pattern makes backtrackers hang",
        build: |scene| {
            rule(scene, "acme (x+x+)+y(?P<secret>[A-Za-z0-9]{40})");
            scene.write("a", format!("acme {}\n", "x".repeat(size(10_000_000, 500_000))));
        },
        expected: clean(),
    },
    Case {
        name: "a rule whose pattern is larger than a program may be",
        build: |scene| rule(scene, "acme ((((a{0,99}){0,99}){0,99}){0,99})(?P<secret>[a-z]{20})"),
        expected: refused(".keysweep.toml"),
    },
    Case {
        name: "a rule whose pattern is a hundred thousand groups deep",
        build: |scene| {
            let (open, shut) = ("(".repeat(100_000), ")".repeat(100_000));
            rule(scene, &format!("acme {open}x{shut}(?P<secret>[a-z]+)"));
        },
        expected: refused(".keysweep.toml"),
    },
    Case {
        name: "UTF-16 with lone surrogates, a false mark and half a letter at its end",
        build: |scene| {
            let line = scene.line("a");
            let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let parts: [Vec<u8>; 5] = [
                vec![0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00, 0x00, 0xdc],
                wide("x = 1\n"),
                wide(&line),
                vec![0x00, 0xd8, 0x0a, 0x00],
                vec![0x41],
            ];
            scene.write("wide", parts.concat());
        },
        expected: found(1),
    },
    Case {
        name: "zeros, ones and noise before a key",
        build: |scene| {
            let mut state = 1_u32;
            let noise = std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            });
            for (at, filler) in
                [vec![0; 3 << 20], vec![0xff; 3 << 20], noise.take(3 << 20).collect()]
                    .into_iter()
                    .enumerate()
            {
                let line = scene.line(&format!("filled {at}"));
                scene.write(format!("{at}"), [filler, b"\n".to_vec(), line.into()].concat());
            }
        },
        expected: found(3),
    },
    Case {
        name: "two hundred thousand findings",
        build: |scene| {
            let lines: String =
                (0..size(200_000, 2_000)).map(|at| scene.line(&format!("many {at}"))).collect();
            scene.write("many.env", lines);
        },
        expected: super::Expected { memory_mib: 2048, ..found(ALL) },
    },
];

fn rule(scene: &mut Scene, pattern: &str) {
    scene.write(
        ".keysweep.toml",
        format!(
            "[[rule]]\nid = \"acme\"\ntitle = \"Acme\"\nseverity = \"high\"\nconfidence = \"high\"\n\
             description = \"d\"\nremedy = \"r\"\nkeywords = [\"acme\"]\npattern = '''{pattern}'''\n\
             examples = [\"acme xxxy⟦alnum:40⟧\"]\n"
        ),
    );
}

fn nested(scene: &mut Scene) {
    let depth = size(100_000, 20_000);
    for (at, (open, shut)) in
        [("{\"a\":", "}"), ("[", "]"), ("<a>", "</a>"), ("f(", ")")].into_iter().enumerate()
    {
        let line = scene.line(&format!("nested {at}"));
        let (name, value) = line.trim_end().split_once('=').expect("a pair");
        let inner = match at {
            0 => format!("{{\"{name}\": \"{value}\"}}"),
            1 => format!("{{\"{name}\": \"{value}\"}}"),
            2 => format!("<{name}>{value}</{name}>"),
            _ => format!("setenv(\"{name}\", \"{value}\")"),
        };
        scene.write(
            format!("{at}.txt"),
            format!("{}\n{inner}\n{}", open.repeat(depth), shut.repeat(depth)),
        );
    }
}
