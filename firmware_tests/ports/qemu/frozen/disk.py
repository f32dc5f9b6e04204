# A file system in RAM that the linker script leaves alone: it survives a soft reset, as flash does.
import emulator
import uctypes
import vfs

LFS2_BLOCK, FAT_BLOCK = 4096, 512


class RamDisk:
    def __init__(self, block_size):
        self.block_size = block_size
        self.memory = memoryview(uctypes.bytearray_at(*emulator.disk()))

    def readblocks(self, block, buf, offset=0):
        at = block * self.block_size + offset
        buf[:] = self.memory[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * self.block_size + offset
        # Two steps: assigning to a slice also moves, onto itself, all that lies behind it.
        self.memory[at : at + len(buf)][:] = buf

    def ioctl(self, request, argument):
        if request == 4:  # number of blocks
            return len(self.memory) // self.block_size
        if request == 5:
            return self.block_size
        return 0


def _lfs2():
    return vfs.VfsLfs2(RamDisk(LFS2_BLOCK), readsize=32, progsize=32)


def _fat():
    return vfs.VfsFat(RamDisk(FAT_BLOCK))


def mount():
    # Whichever it is formatted with; LFS2 when that is neither.
    for open_ in (_lfs2, _fat):
        try:
            return vfs.mount(open_(), "/")
        except OSError:
            pass
    format("lfs2")


def format(kind):
    # kind: "lfs2" or "fat". All files are lost.
    try:
        vfs.umount("/")
    except OSError:
        pass
    disk = RamDisk(LFS2_BLOCK)
    for block in range(4):  # no trace of the other kind
        disk.writeblocks(block, bytes(LFS2_BLOCK // 16) * 16)
    if kind == "fat":
        vfs.VfsFat.mkfs(RamDisk(FAT_BLOCK))
        vfs.mount(_fat(), "/")
    else:
        vfs.VfsLfs2.mkfs(disk, readsize=32, progsize=32)
        vfs.mount(_lfs2(), "/")


def fetch(name):
    # A file from the folder that QEMU was started in.
    part = bytearray(LFS2_BLOCK)
    at = 0
    with open(name, "wb") as f:
        while True:
            n = emulator.host_read(name, at, part)
            f.write(memoryview(part)[:n])
            at += n
            if n < len(part):
                return at
