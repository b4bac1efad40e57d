//! The files that managers of services read.

use std::fmt::Write;
use std::path::Path;

use crate::cli::exit;

/// The line by which a file is known as ours.
pub(super) const MARK: &str = "Written by `adjutant service install`; `adjutant uninstall` removes it.";

/// A user unit of systemd.
pub(super) fn systemd(root: &Path, command: &[String]) -> String {
    let command: Vec<String> = command.iter().map(|word| systemd_word(word)).collect();
    format!(
        "# {MARK}\n\
         [Unit]\n\
         Description=Adjutant for {root}\n\
         StartLimitIntervalSec=60\n\
         StartLimitBurst=5\n\
         \n\
         [Service]\n\
         ExecStart={command}\n\
         Restart=on-failure\n\
         RestartSec=1\n\
         # The port is taken: trying again would not help.\n\
         RestartPreventExitStatus={port_taken}\n\
         # systemd starts it again by itself.\n\
         Environment=MCP_AUTO_RESTART=off\n\
         NoNewPrivileges=true\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        root = root.display().to_string().replace('%', "%%"),
        command = command.join(" "),
        port_taken = exit::PORT_TAKEN,
    )
}

/// A word of a command line as systemd reads it: quoted, with what it would replace doubled.
fn systemd_word(word: &str) -> String {
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' | '$' => quoted.extend([c, c]),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A launch agent of macOS.
pub(super) fn launchd(name: &str, log_dir: &Path, command: &[String]) -> String {
    let mut arguments = String::new();
    for word in command {
        // Writing to a String cannot fail.
        let _ = writeln!(arguments, "    <string>{}</string>", xml(word));
    }
    let log = xml(&log_dir.join("service.log").display().to_string());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {MARK} -->\n\
         <plist version=\"1.0\">\n\
         <dict>\n\
         \x20 <key>Label</key>\n\
         \x20 <string>local.{name}</string>\n\
         \x20 <key>ProgramArguments</key>\n\
         \x20 <array>\n\
         {arguments}\
         \x20 </array>\n\
         \x20 <key>RunAtLoad</key>\n\
         \x20 <true/>\n\
         \x20 <key>KeepAlive</key>\n\
         \x20 <dict>\n\
         \x20   <key>SuccessfulExit</key>\n\
         \x20   <false/>\n\
         \x20 </dict>\n\
         \x20 <key>ThrottleInterval</key>\n\
         \x20 <integer>10</integer>\n\
         \x20 <key>StandardErrorPath</key>\n\
         \x20 <string>{log}</string>\n\
         </dict>\n\
         </plist>\n"
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_manager() {
        assert_eq!(systemd_word(r#"/a b/"c"\50%$x"#), r#""/a b/\"c\"\\50%%$$x""#);
        assert_eq!(xml("a<b>&c"), "a&lt;b&gt;&amp;c");
    }
}
