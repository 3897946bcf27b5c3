//! seccomp: system calls that no granted program needs and every escape does.
//!
//! For programs a list of what is refused, not of what is allowed: programs are compilers, interpreters
//! and test suites, and a list of allowed calls would break with each new libc. What a refused call would
//! reach is closed by the other layers too.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, Result, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

/// Refused whatever the arguments.
const REFUSED: &[i64] = &[
    // What is mounted and what is root.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_fsconfig,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    // Other namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_process_madvise,
    // The kernel itself, and parts of it with a history of holes.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_reboot,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    // What all processes share.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[i64] =
    &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_uselib, libc::SYS_ustat, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

/// All that a process needs that only computes: its memory, its threads, what it has open, its end.
/// Here a list of what is allowed can be kept: the process is the host itself, not a foreign program.
const COMPUTING: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_ppoll,
    // Memory, none of it executable (`memory`).
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // Threads; `clone3` only to be told that there is none (`absent`).
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    // Signals of its own, and the end.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
#[cfg(target_arch = "x86_64")]
const COMPUTING_HERE: &[i64] = &[libc::SYS_poll, libc::SYS_arch_prctl];
#[cfg(not(target_arch = "x86_64"))]
const COMPUTING_HERE: &[i64] = &[];

/// Every flag with which `clone` makes a namespace. (One of time it can't make: the bit means a signal.)
const NAMESPACE_FLAGS: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];
/// Families of sockets that bypass the network namespace or open rarely tested parts of the kernel.
const FAMILIES: [i32; 8] = [
    libc::AF_PACKET,
    libc::AF_VSOCK,
    libc::AF_ALG,
    libc::AF_XDP,
    libc::AF_BLUETOOTH,
    libc::AF_CAN,
    libc::AF_TIPC,
    libc::AF_RDS,
];
/// Puts characters into a terminal's input, as if its owner had typed them.
const TERMINAL_INPUT: [u64; 2] = [0x5412, 0x541c];

/// Gives a piece of memory a name, which allocators do.
const PR_SET_VMA: u64 = 0x5356_4d41;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Confines this process and all that it starts. One that is `pinned` keeps the processors that it has.
/// Without `network` no socket of the internet families can be made; the caller wants this only where no
/// network namespace cuts them off.
///
/// # Errors
/// One sentence, where the kernel has no such filters.
pub(crate) fn restrict(network: bool, pinned: bool) -> std::result::Result<(), String> {
    let filters = refusing(network, pinned).and_then(|it| Ok([it, absent()?]));
    filters
        .and_then(|filters| filters.iter().try_for_each(|it| seccompiler::apply_filter(it)))
        .map_err(|error| format!("the kernel refused the filter: {error}"))
}

/// Leaves this process, and the threads that it starts, [`COMPUTING`] alone. Whatever else it asks for
/// it is told that it may not.
///
/// # Errors
/// One sentence, where the kernel has no such filters.
pub(crate) fn compute_only() -> std::result::Result<(), String> {
    let filters = absent().and_then(|it| Ok([it, computing()?]));
    filters
        .and_then(|filters| filters.iter().try_for_each(|it| seccompiler::apply_filter(it)))
        .map_err(|error| format!("the kernel refused the filter: {error}"))
}

fn computing() -> Result<BpfProgram> {
    let mut rules: Rules =
        COMPUTING.iter().chain(COMPUTING_HERE).map(|number| (*number, Vec::new())).collect();
    // Threads, but no processes.
    rules.insert(libc::SYS_clone, vec![bit(0, libc::CLONE_THREAD as u64)?]);
    // No code that was not there from the beginning.
    let data = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
    rules.insert(libc::SYS_mmap, vec![rule(2, data.clone(), 0)?]);
    rules.insert(libc::SYS_mprotect, vec![rule(2, data, 0)?]);
    // Bounds and signals of this process alone: 0 names it, and an abort its own number.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_prlimit64, vec![is(0, 0)?]);
    rules.insert(libc::SYS_tgkill, vec![is(0, own)?]);
    rules.insert(libc::SYS_prctl, vec![is(0, libc::PR_SET_NAME as u64)?, is(0, PR_SET_VMA)?]);
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    Ok(SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture)?.try_into()?)
}

fn refusing(network: bool, pinned: bool) -> Result<BpfProgram> {
    let mut rules: Rules =
        REFUSED.iter().chain(REFUSED_HERE).map(|number| (*number, Vec::new())).collect();
    let flags = NAMESPACE_FLAGS.map(|flag| bit(0, flag as u64));
    rules.insert(libc::SYS_clone, flags.into_iter().collect::<Result<_>>()?);
    rules.insert(libc::SYS_mknodat, devices(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_mknod, devices(1)?);
    let ioctls = TERMINAL_INPUT.map(|number| is(1, number));
    rules.insert(libc::SYS_ioctl, ioctls.into_iter().collect::<Result<_>>()?);
    rules.insert(libc::SYS_socket, sockets(network)?);
    if pinned {
        rules.insert(libc::SYS_sched_setaffinity, Vec::new());
    }
    program(both_tables(rules), libc::EPERM)
}

/// `clone3` hides its flags in memory, where a filter can't look. A libc that is told that the kernel
/// has no such call uses `clone`.
fn absent() -> Result<BpfProgram> {
    program(both_tables(Rules::from([(libc::SYS_clone3, Vec::new())])), libc::ENOSYS)
}

fn program(rules: Rules, errno: i32) -> Result<BpfProgram> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(errno as u32);
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?.try_into()?)
}

fn sockets(network: bool) -> Result<Vec<SeccompRule>> {
    if network {
        return FAMILIES.into_iter().map(|family| is(0, family as u64)).collect();
    }
    // All but local sockets and questions to the kernel about interfaces.
    let others = [libc::AF_UNIX, libc::AF_NETLINK].map(|family| {
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family as u64)
    });
    Ok(vec![SeccompRule::new(others.into_iter().collect::<std::result::Result<_, _>>()?)?])
}

/// Character and block devices; pipes and sockets are harmless.
fn devices(argument: u8) -> Result<Vec<SeccompRule>> {
    let kind = |kind: u32| {
        let operator = SeccompCmpOp::MaskedEq(u64::from(libc::S_IFMT));
        rule(argument, operator, u64::from(kind))
    };
    // A device with number 0 is how an overlay says "removed"; a program makes none itself.
    Ok(vec![kind(libc::S_IFCHR)?, kind(libc::S_IFBLK)?])
}

fn bit(argument: u8, flag: u64) -> Result<SeccompRule> {
    rule(argument, SeccompCmpOp::MaskedEq(flag), flag)
}

fn is(argument: u8, value: u64) -> Result<SeccompRule> {
    rule(argument, SeccompCmpOp::Eq, value)
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

/// x86-64 kernels may offer a second table of the same calls, marked by a bit, in which some have other
/// numbers; without this it would be a way round.
#[cfg(target_arch = "x86_64")]
fn both_tables(rules: Rules) -> Rules {
    const SECOND: i64 = 0x4000_0000;
    // In the second table: ptrace, kexec_load, process_vm_readv, process_vm_writev.
    let renumbered = [521, 528, 539, 540].map(|number| (SECOND | number, Vec::new()));
    let second: Rules = rules.iter().map(|(number, it)| (SECOND | number, it.clone())).collect();
    rules.into_iter().chain(second).chain(renumbered).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn both_tables(rules: Rules) -> Rules {
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_compile_within_the_kernel_s_bound() {
        for network in [false, true] {
            assert!(refusing(network, true).unwrap().len() < 4096);
        }
        assert!(!absent().unwrap().is_empty());
        assert!(computing().unwrap().len() < 4096);
    }
}
