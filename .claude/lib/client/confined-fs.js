/**
 * Opens files below a project in a way that no link planted in the project can lead out of it.
 *
 * A project may come from anywhere, and its `.claude/mcp-server/outbox` may be a link to the user's home. So every path
 * below the project's root is walked one component at a time, and no symbolic link is followed: neither in place of a
 * file nor of a directory, nor one that is swapped in while this runs. Reads never wait for a pipe or device. The root
 * itself may be reached through links: the user named it.
 *
 * Node has no `openat`. On Linux `/proc/self/fd/<descriptor>/<name>` serves as one: each directory is opened relative to
 * the descriptor of its parent, and every operation is relative to the descriptor of its directory, which leaves no
 * race. Elsewhere every component is checked before an operation and again after it, and a file is compared with its name
 * once it is open and before a byte is read or written. A link that is swapped in and out again between the checks could
 * still redirect a rename or an unlink there, or leave an empty file behind; a link that merely lies in a clone cannot.
 * Windows has no `O_NOFOLLOW`: there the comparison of the open file with its name finds the link.
 *
 * No other module of the client opens files; a test sees to that.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants;
// Windows has none of these.
const O_DIRECTORY = constants.O_DIRECTORY ?? 0;
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const O_NONBLOCK = constants.O_NONBLOCK ?? 0;
/** Modes of what is created: the user's alone. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
/** The binding of this platform. */
export const PLATFORM_BINDING = hasDescriptorPaths() ? 'descriptor' : 'checked-path';
/** A file operation that failed, or was refused. The message has the path that the user knows. */
export class ConfinedFsError extends Error {
    /** As of Node: `ENOENT`, `EACCES`; `ELOOP` for a symbolic link. */
    code;
    constructor(path, code, reason) {
        super(`${path}: ${reason}`);
        this.code = code;
    }
}
/** The real path of a directory, byte for byte. Throws if there is none. */
export function canonicalPath(path) {
    return realpathSync(path, { encoding: 'buffer' });
}
/**
 * Where `named` lies, relative to the project's root unless it is absolute. Below the project it is confined to it; what
 * the user names elsewhere is opened as it is named.
 */
export function confinedPath(projectRoot, named) {
    const root = resolve(projectRoot);
    const absolute = resolve(root, named);
    for (const ancestor of [root, realPathOr(root)]) {
        const path = relative(ancestor, absolute);
        if (isBelow(path))
            return { root, path, trusted: false };
    }
    return { root: dirname(absolute), path: basename(absolute), trusted: true };
}
/**
 * Reads a regular file of at most `maxBytes`. If `skip` says so the content is not read, and `text` is undefined. Links are
 * refused; with `linksWithin` those that stay below the root are followed.
 */
export function readConfined({ root, path, trusted }, maxBytes, options = {}) {
    const shown = join(root, path);
    if (trusted)
        return readAndClose(openAt(shown, O_RDONLY | O_NONBLOCK, shown), shown, maxBytes, options.skip);
    const real = options.linksWithin === true ? resolvedWithin(root, path) : path;
    const directory = ConfinedDir.open(root, dirname(real));
    try {
        return readAndClose(directory.openForReading(basename(real)), shown, maxBytes, options.skip);
    }
    finally {
        directory.close();
    }
}
/** A directory below a root, reached without following a link. To be closed. */
export class ConfinedDir {
    #anchor;
    #shown;
    constructor(anchor, shown) {
        this.#anchor = anchor;
        this.#shown = shown;
    }
    /**
     * Opens the directory at `path` below `root`; with `create`, makes what is missing of it below the root. Throws
     * `ConfinedFsError` if a component is missing or is not a directory.
     */
    static open(root, path, { create = false, binding = PLATFORM_BINDING } = {}) {
        const names = path.split(sep).filter((name) => name !== '' && name !== '.');
        names.forEach(checkName);
        const anchor = binding === 'descriptor' ? new DescriptorAnchor(root) : new PathAnchor(root);
        let shown = resolve(root);
        try {
            for (const name of names) {
                shown = join(shown, name);
                anchor.enter(name, create, shown);
            }
        }
        catch (error) {
            anchor.close();
            throw error;
        }
        return new ConfinedDir(anchor, shown);
    }
    close() {
        this.#anchor.close();
    }
    /** Opens a file for reading and gives its descriptor. A link is refused, a pipe not waited for. */
    openForReading(name) {
        checkName(name);
        const shown = join(this.#shown, name);
        this.#anchor.verify(shown);
        const descriptor = openAt(this.#anchor.pathOf(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, shown);
        try {
            this.#anchor.verifyFile(descriptor, name, shown);
            return descriptor;
        }
        catch (error) {
            closeSync(descriptor);
            throw error;
        }
    }
    /** The text of a regular file of at most `maxBytes`. */
    readText(name, maxBytes) {
        const shown = join(this.#shown, name);
        return readAndClose(this.openForReading(name), shown, maxBytes).text ?? '';
    }
    /** Creates a file with this text, on disk when this resolves. Rejects if the name is taken. */
    async createFile(name, text) {
        await this.#runAsync(name, async (path, shown) => {
            const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
            try {
                this.#anchor.verifyFile(file.fd, name, shown);
                await file.writeFile(text);
                await file.sync();
            }
            catch (error) {
                await this.unlink(name).catch(() => undefined);
                throw error;
            }
            finally {
                await file.close();
            }
        });
    }
    /** Renames a file within the directory; a link is renamed itself, and replaced itself. */
    async rename(from, to) {
        checkName(to);
        await this.#runAsync(from, (path) => rename(path, this.#anchor.pathOf(to)));
    }
    /** Removes a file; a link is removed itself. */
    async unlink(name) {
        await this.#runAsync(name, (path) => unlink(path));
    }
    /** The names in the directory. */
    async list() {
        return this.#runAsync(undefined, (path) => readdir(path));
    }
    /** The size of a file, or of a link itself; 0 if there is none. */
    async sizeOf(name) {
        return this.#runAsync(name, (path) => lstat(path)).then(({ size }) => size, () => 0);
    }
    /** Makes renames durable; does nothing on systems that cannot sync directories. */
    async sync() {
        await this.#runAsync(undefined, async (path) => {
            const directory = await open(path, O_RDONLY | O_DIRECTORY);
            await directory.sync().finally(() => directory.close());
        }).catch(() => undefined);
    }
    /** Runs an operation on a file, or on the directory itself if there is no name. */
    async #runAsync(name, operation) {
        if (name !== undefined)
            checkName(name);
        const shown = join(this.#shown, name ?? '.');
        this.#anchor.verify(shown);
        try {
            const result = await operation(this.#anchor.pathOf(name ?? '.'), shown);
            this.#anchor.verify(shown);
            return result;
        }
        catch (error) {
            throw explained(error, shown);
        }
    }
}
/** Paths through the descriptor of the directory, which no rename can redirect. */
class DescriptorAnchor {
    #descriptor;
    constructor(root) {
        this.#descriptor = openAt(root, O_RDONLY | O_DIRECTORY, resolve(root));
    }
    enter(name, create, shown) {
        const path = this.pathOf(name);
        if (create)
            makeDirectory(path, shown);
        const next = openAt(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, shown);
        closeSync(this.#descriptor);
        this.#descriptor = next;
    }
    pathOf(name) {
        return `/proc/self/fd/${this.#descriptor}/${name}`;
    }
    verify() { }
    verifyFile() { }
    close() {
        closeSync(this.#descriptor);
    }
}
/** Ordinary paths, each component of which is compared with what it was when the directory was opened. */
class PathAnchor {
    #components = [];
    #path;
    constructor(root) {
        try {
            this.#path = realpathSync(root);
        }
        catch (error) {
            throw explained(error, resolve(root));
        }
        this.#remember(resolve(root));
    }
    enter(name, create, shown) {
        this.verify(shown);
        this.#path = join(this.#path, name);
        if (create)
            makeDirectory(this.#path, shown);
        this.#remember(shown);
        this.verify(shown);
    }
    pathOf(name) {
        return join(this.#path, name);
    }
    verify(shown) {
        for (const { path, stats } of this.#components) {
            if (!isSame(statsOf(path, shown), stats))
                throw new ConfinedFsError(shown, 'ELOOP', 'the path changed while it was used');
        }
    }
    verifyFile(descriptor, name, shown) {
        this.verify(shown);
        if (!isSame(statsOf(this.pathOf(name), shown), fstatSync(descriptor, { bigint: true }))) {
            throw new ConfinedFsError(shown, 'ELOOP', 'the path changed while it was opened');
        }
    }
    close() { }
    #remember(shown) {
        const stats = statsOf(this.#path, shown);
        if (stats.isSymbolicLink())
            throw linkRefused(shown);
        if (!stats.isDirectory())
            throw new ConfinedFsError(shown, 'ENOTDIR', 'it is not a directory');
        this.#components.push({ path: this.#path, stats });
    }
}
function hasDescriptorPaths() {
    if (process.platform !== 'linux')
        return false;
    try {
        const descriptor = openSync('/', O_RDONLY | O_DIRECTORY);
        try {
            return isSame(statSync(`/proc/self/fd/${descriptor}/.`, { bigint: true }), fstatSync(descriptor, { bigint: true }));
        }
        finally {
            closeSync(descriptor);
        }
    }
    catch {
        // No /proc, as in some containers.
        return false;
    }
}
function isSame(one, other) {
    return one.dev === other.dev && one.ino === other.ino;
}
function statsOf(path, shown) {
    try {
        return lstatSync(path, { bigint: true });
    }
    catch (error) {
        throw explained(error, shown);
    }
}
function makeDirectory(path, shown) {
    try {
        mkdirSync(path, DIRECTORY_MODE);
    }
    catch (error) {
        if (codeOf(error) !== 'EEXIST')
            throw explained(error, shown);
    }
}
function openAt(path, flags, shown) {
    try {
        return openSync(path, flags);
    }
    catch (error) {
        throw isLink(path) ? linkRefused(shown) : explained(error, shown);
    }
}
/** For the message only: what matters is that the open failed. */
function isLink(path) {
    try {
        return lstatSync(path).isSymbolicLink();
    }
    catch {
        return false;
    }
}
/** Reads a regular file of at most `maxBytes` and closes it, whatever happens. */
function readAndClose(descriptor, shown, maxBytes, skip) {
    try {
        const stats = fstatSync(descriptor, { bigint: true });
        if (!stats.isFile())
            throw new ConfinedFsError(shown, 'EINVAL', 'it is not a regular file');
        const size = Number(stats.size);
        if (size > maxBytes)
            throw new ConfinedFsError(shown, 'EFBIG', `it is larger than ${sizeInWords(maxBytes)}`);
        const version = `${stats.dev} ${stats.ino} ${stats.mtimeNs} ${stats.ctimeNs} ${size}`;
        const info = { mode: Number(stats.mode), version };
        return { info, text: skip?.(info) === true ? undefined : textOf(descriptor, size, maxBytes, shown) };
    }
    catch (error) {
        throw explained(error, shown);
    }
    finally {
        closeSync(descriptor);
    }
}
/** The file may grow while it is read, so that its size bounds nothing. */
function textOf(descriptor, size, maxBytes, shown) {
    let buffer = Buffer.allocUnsafe(size + 1);
    for (let length = 0;;) {
        const count = readSync(descriptor, buffer, length, buffer.length - length, null);
        length += count;
        if (count === 0)
            return buffer.toString('utf8', 0, length);
        if (length > maxBytes)
            throw new ConfinedFsError(shown, 'EFBIG', `it is larger than ${sizeInWords(maxBytes)}`);
        if (length === buffer.length)
            buffer = Buffer.concat([buffer, Buffer.allocUnsafe(length)]);
    }
}
function sizeInWords(bytes) {
    return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`;
}
/** The path that links below the root lead to, relative to the root. Throws if they lead out of it. */
function resolvedWithin(root, path) {
    const shown = join(root, path);
    try {
        // Whatever is swapped in after this is no longer followed.
        const resolved = relative(realpathSync(root), realpathSync(join(root, path)));
        if (isBelow(resolved))
            return resolved;
    }
    catch (error) {
        throw explained(error, shown);
    }
    throw new ConfinedFsError(shown, 'ELOOP', 'a symbolic link leads out of the project');
}
function isBelow(path) {
    return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
function realPathOr(path) {
    try {
        return realpathSync(path);
    }
    catch {
        return path;
    }
}
function checkName(name) {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || name.includes(sep)) {
        throw new ConfinedFsError(name, 'EINVAL', 'it is not the name of a file');
    }
}
function linkRefused(shown) {
    return new ConfinedFsError(shown, 'ELOOP', 'it is a symbolic link, and links below the project are not followed');
}
function codeOf(error) {
    return String(error.code ?? '');
}
/** An error that names the path the user knows, not the one through a descriptor. */
function explained(error, shown) {
    if (error instanceof ConfinedFsError)
        return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ConfinedFsError(shown, codeOf(error), message.replace(/, \w+ '.*$/, ''));
}
