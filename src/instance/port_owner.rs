//! Which program listens on a port, as far as the system says.

/// The program that listens on a TCP port, as `name (pid N)`; `None` where the system does not say, which is
/// also the case for programs of other users.
#[cfg(target_os = "linux")]
pub fn process_on_port(port: u16) -> Option<String> {
    let inode = listening_inode("/proc/net/tcp", port).or_else(|| listening_inode("/proc/net/tcp6", port))?;
    let link = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors.flatten().any(|descriptor| {
            std::fs::read_link(descriptor.path()).is_ok_and(|target| target.as_os_str() == link.as_str())
        });
        if holds {
            let command = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", command.trim()));
        }
    }
    None
}

/// The inode of the socket that listens on `port`, from the kernel's table.
#[cfg(target_os = "linux")]
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let text = std::fs::read_to_string(table).ok()?;
    text.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens_on = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
        (listens_on == port && *fields.get(3)? == LISTEN)
            .then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    })
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
pub fn process_on_port(_: u16) -> Option<String> {
    None
}
