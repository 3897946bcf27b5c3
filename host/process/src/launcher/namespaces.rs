//! Leaving the host's namespaces.

use std::{fs, io};

use rustix::{
    net::{AddressFamily, RawProtocol, SendFlags, SocketFlags, SocketType, netlink},
    thread::{CapabilitySet, UnshareFlags},
};

use crate::wire::Plan;

/// What became of each namespace.
pub(super) struct Namespaces {
    /// Names of those that are active.
    pub(super) active: Vec<&'static str>,
    /// Those that the kernel refused: `name: reason`.
    pub(super) lacking: Vec<String>,
}

/// Leaves as many namespaces as the kernel allows. The process namespace begins with the next child.
///
/// # Errors
/// Where a namespace was entered and can't be used: going on would be neither in nor out.
pub(super) fn enter(plan: &Plan) -> io::Result<Namespaces> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let mut namespaces = Namespaces { active: Vec::new(), lacking: Vec::new() };
    if namespaces.leave("user-namespace", UnshareFlags::NEWUSER) {
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("{0} {0} 1", user.as_raw()))?;
        fs::write("/proc/self/gid_map", format!("{0} {0} 1", group.as_raw()))?;
    }
    if plan.own_root {
        namespaces.leave("mount-namespace", UnshareFlags::NEWNS);
    }
    namespaces.leave("pid-namespace", UnshareFlags::NEWPID);
    namespaces.leave("ipc-namespace", UnshareFlags::NEWIPC);
    if !plan.network && namespaces.leave("network-namespace", UnshareFlags::NEWNET) {
        // Tests that talk to themselves work; the loopback is the namespace's own. Without it the
        // program still runs, so a failure is no reason to stop.
        let _ = raise_loopback();
    }
    keep_mounting()?;
    Ok(namespaces)
}

impl Namespaces {
    fn leave(&mut self, name: &'static str, flag: UnshareFlags) -> bool {
        #[expect(unsafe_code, reason = "unsafe for `FILES` only, which is not used here")]
        // SAFETY: no namespace flag changes file descriptors.
        let left = unsafe { rustix::thread::unshare_unsafe(flag) };
        match left {
            Ok(()) => self.active.push(name),
            Err(error) => self.lacking.push(format!("{name}: {error}")),
        }
        left.is_ok()
    }
}

/// Lets the next stage build its file system although it is executed afresh: a user other than root
/// loses its new privileges then, unless they are ambient.
fn keep_mounting() -> io::Result<()> {
    let mut sets = rustix::thread::capabilities(None)?;
    let wanted = CapabilitySet::SYS_ADMIN & sets.permitted;
    if wanted.is_empty() {
        return Ok(());
    }
    sets.inheritable |= wanted;
    rustix::thread::set_capabilities(None, sets)?;
    rustix::thread::configure_capability_in_ambient_set(wanted, true)?;
    Ok(())
}

/// `RTM_NEWLINK` for interface 1 with the flag `IFF_UP`, without waiting for the acknowledgement.
fn raise_loopback() -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST: u16 = 1;
    const IFF_UP: u32 = 1;
    let mut message = Vec::with_capacity(32);
    message.extend_from_slice(&32_u32.to_ne_bytes());
    message.extend_from_slice(&RTM_NEWLINK.to_ne_bytes());
    message.extend_from_slice(&NLM_F_REQUEST.to_ne_bytes());
    // Sequence and port; then family and device type, all zero.
    message.extend_from_slice(&[0; 12]);
    message.extend_from_slice(&1_i32.to_ne_bytes());
    message.extend_from_slice(&IFF_UP.to_ne_bytes());
    message.extend_from_slice(&IFF_UP.to_ne_bytes());
    let protocol = RawProtocol::new(0).map(rustix::net::Protocol::from_raw);
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        protocol,
    )?;
    let kernel = netlink::SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, &message, SendFlags::empty(), &kernel)?;
    Ok(())
}
