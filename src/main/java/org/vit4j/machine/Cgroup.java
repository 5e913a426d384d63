package org.vit4j.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Memory and CPU limits of this process by Linux control groups, versions 1 and 2. Ancestors limit a group too, so each limit
 * is the smallest from the process's group up to the mount point. Unlimited on other systems.
 */
public final class Cgroup {
    /** Version 1 writes "no limit" as the largest multiple of a page. */
    private static final long UNLIMITED = 1L << 60;

    private final Path root;

    private Cgroup(Path root) {
        this.root = root;
    }

    /** The control groups of this process. */
    public static Cgroup ofThisProcess() {
        return new Cgroup(Path.of("/"));
    }

    /** The control groups described by a directory tree with {@code proc/self} and the mount points. */
    static Cgroup under(Path root) {
        return new Cgroup(root);
    }

    /** Memory limit in bytes; empty if unlimited. */
    public OptionalLong memory() {
        return directories("memory").stream()
                .flatMap(directory -> Stream.of("memory.max", "memory.limit_in_bytes")
                        .flatMap(file -> words(directory.resolve(file)).stream().limit(1)))
                .flatMapToLong(word -> number(word).stream())
                .filter(bytes -> bytes >= 0 && bytes < UNLIMITED)
                .min();
    }

    /** CPU quota in processors, such as 1.5; empty if unlimited. */
    public OptionalDouble processors() {
        return directories("cpu").stream()
                .map(directory -> {
                    List<String> version2 = words(directory.resolve("cpu.max"));
                    if (version2.size() == 2) return version2;
                    List<String> version1 = new ArrayList<>(words(directory.resolve("cpu.cfs_quota_us")));
                    version1.addAll(words(directory.resolve("cpu.cfs_period_us")));
                    return version1;
                })
                .filter(quota -> quota.size() == 2)
                .flatMapToDouble(quota -> share(number(quota.get(0)), number(quota.get(1))))
                .min();
    }

    private static DoubleStream share(OptionalLong quota, OptionalLong period) {
        boolean limited = quota.orElse(-1) > 0 && period.orElse(-1) > 0;
        return limited ? DoubleStream.of((double) quota.getAsLong() / period.getAsLong()) : DoubleStream.empty();
    }

    /** Directories of a controller's group and its ancestors, up to the mount points. */
    private Set<Path> directories(String controller) {
        Set<Path> all = new LinkedHashSet<>();
        for (String line : lines(root.resolve("proc/self/mountinfo"))) {
            Mount mount = Mount.parse(line);
            if (mount == null || !mount.has(controller)) continue;
            Path top = root.resolve(mount.point().substring(1));
            Path group = top;
            for (String name : below(mount.root(), groupPath(controller, mount.version()))) {
                group = group.resolve(name);
            }
            for (Path directory = group; directory.startsWith(top); directory = directory.getParent()) {
                all.add(directory);
                if (directory.equals(top)) break;
            }
        }
        return all;
    }

    /** Group of the process in a hierarchy, such as {@code /docker/3f2}, from lines {@code number:controllers:path}. */
    private String groupPath(String controller, int version) {
        Predicate<String[]> matches = version == 2
                ? fields -> fields[1].isEmpty()
                : fields -> Arrays.asList(fields[1].split(",")).contains(controller);
        return lines(root.resolve("proc/self/cgroup")).stream()
                .map(line -> line.split(":", 3))
                .filter(fields -> fields.length == 3 && matches.test(fields))
                .map(fields -> fields[2])
                .findFirst()
                .orElse("/");
    }

    /**
     * Components of {@code path} below the mounted group. Empty if the path is outside of it: in a container the mount point is
     * the container's group, and directories of its ancestors do not exist.
     */
    private static List<String> below(String mountRoot, String path) {
        String prefix = mountRoot.equals("/") ? "" : mountRoot;
        if (!path.equals(prefix) && !path.startsWith(prefix + "/")) return List.of();
        List<String> names = Arrays.stream(path.substring(prefix.length()).split("/"))
                .filter(name -> !name.isEmpty())
                .toList();
        return names.contains("..") ? List.of() : names;
    }

    private static OptionalLong number(String word) {
        try {
            return OptionalLong.of(Long.parseLong(word));
        } catch (NumberFormatException e) {
            return OptionalLong.empty(); // "max"
        }
    }

    private static List<String> words(Path file) {
        return lines(file).stream()
                .limit(1)
                .flatMap(line -> Arrays.stream(line.strip().split("\\s+")))
                .toList();
    }

    /** Lines of a file; empty if it cannot be read, as on systems without control groups. */
    private static List<String> lines(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    /**
     * A mounted hierarchy of control groups.
     *
     * @param version 1 or 2
     * @param root mounted group
     * @param point mount point
     * @param options of the file system, which include the controllers in version 1
     */
    private record Mount(int version, String root, String point, List<String> options) {
        /** Parses a line of {@code /proc/self/mountinfo}; null for other file systems. */
        static Mount parse(String line) {
            String[] halves = line.split(" - ", 2);
            if (halves.length < 2) return null;
            String[] left = halves[0].split(" ");
            String[] right = halves[1].split(" ");
            boolean cgroup = right[0].equals("cgroup") || right[0].equals("cgroup2");
            if (!cgroup || left.length < 5 || right.length < 3) return null;
            return new Mount(
                    right[0].equals("cgroup2") ? 2 : 1,
                    unescape(left[3]),
                    unescape(left[4]),
                    Arrays.asList(right[2].split(",")));
        }

        boolean has(String controller) {
            return version == 2 || options.contains(controller);
        }

        private static String unescape(String field) {
            return field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
        }
    }
}
