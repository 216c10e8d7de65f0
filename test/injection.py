"""Makes system calls in another process, at whatever place it is: native code of ours in the place of a guest's.

By ptrace(2), on x86-64: the process is stopped, its registers point at a `syscall` instruction of its own, and after one step the
answer is read. The process's sandbox answers as it would to code of its own.
"""

import ctypes
import os
import platform
import signal

ATTACH, DETACH, GET_REGISTERS, SET_REGISTERS, STEP, POKE = 16, 17, 12, 13, 9, 4
STACK_BELOW = 16 * 1024     # Beyond the red zone: room for what pointers point to.
REASON = "needs ptrace of others' processes, as root has it, and x86-64"

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Registers(ctypes.Structure):
    """struct user_regs_struct of <sys/user.h>."""

    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()]


class Killed(Exception):
    """The process ended at the call, by this signal."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.signal = signal.Signals(number)


def trace(request, pid, address=None, value=None):
    ctypes.set_errno(0)
    got = libc.ptrace(request, pid, address, value)
    if got == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace {request}: {os.strerror(ctypes.get_errno())}")
    return got


def wait_stopped(pid):
    _, status = os.waitpid(pid, 0x40000000)     # __WALL
    if os.WIFSIGNALED(status):
        raise Killed(os.WTERMSIG(status))
    assert os.WIFSTOPPED(status), status
    return os.WSTOPSIG(status)


def find_syscall_instruction(pid):
    """The address of a `syscall` instruction in a process's C library."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            fields = line.split()
            if len(fields) > 5 and "libc.so" in fields[5] and "x" in fields[1]:
                begin, end = (int(part, 16) for part in fields[0].split("-"))
                memory.seek(begin)
                at = memory.read(end - begin).find(b"\x0f\x05")
                if at >= 0:
                    return begin + at
    raise LookupError("no syscall instruction")


class Injector:
    """Holds a process stopped; `call(number, *arguments)` makes one call in it, bytes being passed by their address."""

    def __init__(self, pid):
        self.pid = pid
        self.instruction = find_syscall_instruction(pid)
        trace(ATTACH, pid)
        wait_stopped(pid)
        self.before = Registers()
        trace(GET_REGISTERS, pid, None, ctypes.addressof(self.before))
        self.is_there = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_there:
            trace(SET_REGISTERS, self.pid, None, ctypes.addressof(self.before))
            trace(DETACH, self.pid)

    def place(self, text, at):
        padded = text + bytes(-len(text) % 8)
        for offset in range(0, len(padded), 8):
            trace(POKE, self.pid, at + offset, int.from_bytes(padded[offset:offset + 8], "little"))

    def call(self, number, *arguments):
        """What the call gives: a negative number is an error. Raises Killed where the process ended at it."""
        registers = Registers.from_buffer_copy(self.before)
        room = self.before.rsp - STACK_BELOW
        for name, argument in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), arguments + (0,) * (6 - len(arguments))):
            if isinstance(argument, bytes):
                self.place(argument, room)
                argument, room = room, room + (len(argument) + 15) // 16 * 16
            setattr(registers, name, argument % (1 << 64))
        registers.rax, registers.orig_rax, registers.rip = number, (1 << 64) - 1, self.instruction
        trace(SET_REGISTERS, self.pid, None, ctypes.addressof(registers))
        trace(STEP, self.pid)
        try:
            while wait_stopped(self.pid) != signal.SIGTRAP:
                trace(STEP, self.pid)
        except Killed:
            self.is_there = False
            raise
        after = Registers()
        trace(GET_REGISTERS, self.pid, None, ctypes.addressof(after))
        return ctypes.c_longlong(after.rax).value


def can_inject():
    """Whether another user's process can be traced here."""
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        return False
    pid = os.fork()
    if pid == 0:
        os.setresuid(65534, 65534, 65534)
        signal.pause()
    try:
        trace(ATTACH, pid)
        wait_stopped(pid)
        return True
    except OSError:
        return False
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0x40000000)


CAN_INJECT = can_inject()
