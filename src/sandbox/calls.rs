//! seccomp: which system calls are refused.
//!
//! In: what the command needs. Out: a filter in force, or the fact that there
//! is none. The lists name what is refused, not what is allowed: the calls that
//! a C library makes change with its version, and a sweep that fails on a newer
//! system protects nobody. It stays short, since the kernel runs through it for
//! every call that it knows when it is put in force: 70 calls cost 0.15 ms.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, apply_filter,
};

use super::Needs;

/// Starting programs, reaching into other processes, changing the machine.
const NEVER: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_by_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Its queue would carry out what is refused here.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_mknodat,
    libc::SYS_symlinkat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
];

/// Network, and what only a directory for an audit needs.
const OFFLINE: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_linkat,
];

/// Being connected to.
const LISTENING: &[libc::c_long] = &[libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4];

/// The older names of calls above, which newer architectures dropped.
#[cfg(target_arch = "x86_64")]
mod older {
    pub(super) const NEVER: &[libc::c_long] = &[
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_mknod,
        libc::SYS_symlink,
        libc::SYS_chown,
        libc::SYS_lchown,
        libc::SYS_kexec_file_load,
    ];
    pub(super) const OFFLINE: &[libc::c_long] = &[libc::SYS_chmod, libc::SYS_link];

    /// The doors of the interface with 32-bit pointers, where a kernel still
    /// has it: execve, ptrace and execveat have numbers of their own there.
    pub(super) const X32: &[libc::c_long] = &[
        X32_BIT + 520,
        X32_BIT + 521,
        X32_BIT + 545,
        X32_BIT + libc::SYS_fork,
        X32_BIT + libc::SYS_vfork,
        X32_BIT + libc::SYS_socket,
        X32_BIT + libc::SYS_connect,
        X32_BIT + libc::SYS_io_uring_setup,
    ];
    const X32_BIT: libc::c_long = 0x4000_0000;
}
#[cfg(not(target_arch = "x86_64"))]
mod older {
    pub(super) const NEVER: &[libc::c_long] = &[];
    pub(super) const OFFLINE: &[libc::c_long] = &[];
    pub(super) const X32: &[libc::c_long] = &[];
}

/// Puts the filters in force; whether that worked.
pub(super) fn restrict(needs: Needs) -> bool {
    let Ok(programs) = programs(needs) else { return false };
    programs.iter().all(|program| apply_filter(program).is_ok())
}

fn programs(needs: Needs) -> Result<[BpfProgram; 2], BackendError> {
    let mut refused: Rules = BTreeMap::new();
    let lists: &[&[libc::c_long]] = match needs {
        Needs::Nothing => &[NEVER, older::NEVER, OFFLINE, older::OFFLINE, older::X32, LISTENING],
        Needs::Network => &[NEVER, older::NEVER, LISTENING],
        Needs::Loopback => &[NEVER, older::NEVER],
    };
    for call in lists.iter().copied().flatten() {
        refuse(&mut refused, *call, Vec::new());
    }
    // What pushes characters into a terminal, as if the operator had typed them.
    let ioctls = [libc::TIOCSTI, libc::TIOCLINUX].map(|request| vec![equals(1, request)]);
    refuse(&mut refused, libc::SYS_ioctl, rules(ioctls)?);
    // Processes, not threads.
    let thread = libc::CLONE_THREAD as u64;
    let no_thread = vec![masked(0, thread, 0)];
    refuse(&mut refused, libc::SYS_clone, rules([no_thread])?);
    if needs == Needs::Nothing {
        // Code that was not there at the start; name resolution loads some.
        let executable = || vec![masked(2, libc::PROT_EXEC as u64, libc::PROT_EXEC as u64)];
        for call in [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
            refuse(&mut refused, call, rules([executable()])?);
        }
    } else {
        let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        let others = families
            .map(|family| condition(0, SeccompCmpOp::Ne, u64::from(family.cast_unsigned())));
        refuse(&mut refused, libc::SYS_socket, rules([others.into()])?);
    }
    // Its flags lie in memory, where no filter looks. To a C library "no such
    // call" means that it should use `clone`.
    let mut absent: Rules = BTreeMap::new();
    refuse(&mut absent, libc::SYS_clone3, Vec::new());
    Ok([program(refused, libc::EPERM)?, program(absent, libc::ENOSYS)?])
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Condition = Result<SeccompCondition, BackendError>;

fn program(rules: Rules, errno: i32) -> Result<BpfProgram, BackendError> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let refusal = SeccompAction::Errno(errno.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()
}

fn refuse(rules: &mut Rules, call: libc::c_long, when: Vec<SeccompRule>) {
    rules.insert(call, when);
}

fn rules<const N: usize>(each: [Vec<Condition>; N]) -> Result<Vec<SeccompRule>, BackendError> {
    let rule = |conditions: Vec<Condition>| {
        SeccompRule::new(conditions.into_iter().collect::<Result<_, _>>()?)
    };
    each.into_iter().map(rule).collect()
}

fn equals(argument: u8, value: u64) -> Condition {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn masked(argument: u8, mask: u64, value: u64) -> Condition {
    condition(argument, SeccompCmpOp::MaskedEq(mask), value)
}

fn condition(argument: u8, how: SeccompCmpOp, value: u64) -> Condition {
    // The kernel looks at the low half of all of these.
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value)
}
