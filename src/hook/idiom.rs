//! How each language reads a key from the environment, and how it comments.
//!
//! In: a path and the variable's name. Out: the expression that belongs where
//! the key stands, and the marks of a comment. Knows file names alone.

/// What to write instead of a key in one kind of file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Idiom {
    /// What to do, with the expression in it.
    pub(super) mend: String,
    /// What begins and ends a comment; `None` where the format has none.
    pub(super) comment: Option<(&'static str, &'static str)>,
}

const HASH: Option<(&str, &str)> = Some(("# ", ""));
const SLASHES: Option<(&str, &str)> = Some(("// ", ""));

/// The idiom of a file by its name; `NAME` in an expression stands for the
/// variable.
pub(super) fn idiom(path: &str, variable: &str) -> Idiom {
    let file = path.rsplit(['/', '!']).next().unwrap_or(path).to_ascii_lowercase();
    let ending = file.rsplit_once('.').map_or(file.as_str(), |(_, ending)| ending);
    let (expression, comment) = match ending {
        "py" | "pyi" | "ipynb" => ("os.environ[\"NAME\"]", HASH),
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => {
            ("process.env.NAME", SLASHES)
        }
        "go" => ("os.Getenv(\"NAME\")", SLASHES),
        "rs" => ("std::env::var(\"NAME\")?", SLASHES),
        "rb" | "rake" | "gemspec" => ("ENV.fetch(\"NAME\")", HASH),
        "java" | "kt" | "kts" | "scala" | "groovy" | "gradle" => {
            ("System.getenv(\"NAME\")", SLASHES)
        }
        "cs" | "fs" | "vb" => ("Environment.GetEnvironmentVariable(\"NAME\")", SLASHES),
        "php" => ("getenv('NAME')", SLASHES),
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" => ("getenv(\"NAME\")", SLASHES),
        "swift" => ("ProcessInfo.processInfo.environment[\"NAME\"]", SLASHES),
        "dart" => ("Platform.environment['NAME']", SLASHES),
        "ex" | "exs" => ("System.fetch_env!(\"NAME\")", HASH),
        "erl" => ("os:getenv(\"NAME\")", Some(("% ", ""))),
        "lua" => ("os.getenv(\"NAME\")", Some(("-- ", ""))),
        "pl" | "pm" => ("$ENV{NAME}", HASH),
        "r" => ("Sys.getenv(\"NAME\")", HASH),
        "jl" => ("ENV[\"NAME\"]", HASH),
        "clj" => ("(System/getenv \"NAME\")", Some(("; ", ""))),
        "hs" => ("getEnv \"NAME\"", Some(("-- ", ""))),
        "sh" | "bash" | "zsh" | "ksh" => ("\"$NAME\"", HASH),
        "ps1" | "psm1" => ("$env:NAME", HASH),
        "tf" | "hcl" => ("a sensitive variable, set by TF_VAR_NAME", HASH),
        _ => return configuration(path, &file, ending, variable),
    };
    let mend = format!("read it from the environment: {}", expression.replace("NAME", variable));
    Idiom { mend, comment }
}

/// Files that programs read rather than run.
fn configuration(path: &str, file: &str, ending: &str, variable: &str) -> Idiom {
    let from = |text: &str| text.replace("NAME", variable);
    if file == ".env" || file.starts_with(".env.") || ending == "env" {
        let mend = format!("keep the file out of git: add {file} to .gitignore");
        return Idiom { mend, comment: HASH };
    }
    if path.contains(".github/workflows/") {
        return Idiom {
            mend: from("use a secret of the repository: ${{ secrets.NAME }}"),
            comment: HASH,
        };
    }
    let is_compose = file.contains("compose") && matches!(ending, "yml" | "yaml");
    if is_compose {
        return Idiom { mend: from("pass it on from the environment: ${NAME:?}"), comment: HASH };
    }
    if file.starts_with("dockerfile") || file == "containerfile" {
        let mend = from("give it at run time (-e NAME), or --mount=type=secret,id=NAME");
        return Idiom { mend, comment: HASH };
    }
    let comment = match ending {
        "json" | "csv" | "lock" | "pem" | "key" => None,
        "jsonc" | "json5" | "proto" => SLASHES,
        "xml" | "html" | "htm" | "md" | "plist" | "config" => Some(("<!-- ", " -->")),
        "sql" => Some(("-- ", "")),
        "css" => Some(("/* ", " */")),
        "ini" => Some(("; ", "")),
        _ => HASH,
    };
    Idiom {
        mend: from("leave it out, and have the program read NAME from its environment"),
        comment,
    }
}

/// The variable that a rule's key belongs in. The vendor documents the one of
/// its API keys; the rest is the rule's own id.
pub(super) fn variable(rule: &str) -> String {
    if rule == "bytestack-api-key" {
        return concat!("BITKIT", "_API_KEY").to_owned();
    }
    rule.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_reads_its_environment_in_its_own_way() {
        for (path, expected) in [
            ("src/a.py", "os.environ[\"X\"]"),
            ("a/b.tsx", "process.env.X"),
            ("main.go", "os.Getenv(\"X\")"),
            ("deploy.sh", "\"$X\""),
            (".github/workflows/ci.yml", "${{ secrets.X }}"),
            ("docker-compose.yml", "${X:?}"),
            ("Dockerfile", "-e X"),
            (".env", ".gitignore"),
            ("a.json", "X from its environment"),
            ("lib.zip!/src/A.java", "System.getenv(\"X\")"),
            ("Makefile", "X from its environment"),
        ] {
            let mend = idiom(path, "X").mend;
            assert!(mend.contains(expected), "{path}: {mend}");
        }
        assert_eq!(idiom("a.json", "X").comment, None);
    }

    #[test]
    fn variable_is_the_documented_one_or_the_rules_id() {
        assert_eq!(variable("bytestack-api-key"), concat!("BITKIT", "_API_KEY"));
        assert_eq!(variable("acme-token"), "ACME_TOKEN");
    }
}
