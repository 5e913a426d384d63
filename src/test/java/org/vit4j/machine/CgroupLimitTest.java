package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Limits of control groups, read from directory trees with the layout of Linux. */
class CgroupLimitTest {
    private static final long GB = 1L << 30;

    private static final String V2 = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    private static final String V1 = """
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            """;

    @TempDir
    private Path root;

    static Stream<Arguments> trees() {
        OptionalLong anyMemory = OptionalLong.empty();
        OptionalDouble anyCpu = OptionalDouble.empty();
        return Stream.of(
                Arguments.of("no control groups", Map.of(), anyMemory, anyCpu),
                Arguments.of(
                        "version 2, in a container",
                        Map.of(
                                "proc/self/mountinfo", V2,
                                "proc/self/cgroup", "0::/\n",
                                "sys/fs/cgroup/memory.max", "4294967296\n",
                                "sys/fs/cgroup/cpu.max", "150000 100000\n"),
                        OptionalLong.of(4 * GB),
                        OptionalDouble.of(1.5)),
                Arguments.of(
                        "version 2, unlimited",
                        Map.of(
                                "proc/self/mountinfo", V2,
                                "proc/self/cgroup", "0::/user.slice\n",
                                "sys/fs/cgroup/user.slice/memory.max", "max\n",
                                "sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"),
                        anyMemory,
                        anyCpu),
                Arguments.of(
                        "version 2, nested: the ancestor is tighter",
                        Map.of(
                                "proc/self/mountinfo", V2,
                                "proc/self/cgroup", "0::/pod/box/job\n",
                                "sys/fs/cgroup/pod/memory.max", "2147483648\n",
                                "sys/fs/cgroup/pod/cpu.max", "200000 100000\n",
                                "sys/fs/cgroup/pod/box/memory.max", "max\n",
                                "sys/fs/cgroup/pod/box/cpu.max", "max 100000\n",
                                "sys/fs/cgroup/pod/box/job/memory.max", "8589934592\n",
                                "sys/fs/cgroup/pod/box/job/cpu.max", "800000 100000\n"),
                        OptionalLong.of(2 * GB),
                        OptionalDouble.of(2)),
                Arguments.of(
                        "version 1, nested: the group itself is tighter",
                        Map.of(
                                "proc/self/mountinfo", V1,
                                "proc/self/cgroup", "8:memory:/a/b\n3:cpu,cpuacct:/c\n1:name=systemd:/x\n",
                                "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n",
                                "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "4294967296\n",
                                "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "1073741824\n",
                                "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "50000\n",
                                "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"),
                        OptionalLong.of(GB),
                        OptionalDouble.of(0.5)),
                Arguments.of(
                        "version 1, unlimited",
                        Map.of(
                                "proc/self/mountinfo", V1,
                                "proc/self/cgroup", "8:memory:/\n3:cpu,cpuacct:/\n",
                                "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n",
                                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n",
                                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
                        anyMemory,
                        anyCpu),
                Arguments.of(
                        "version 1, in a container that sees the host's path",
                        Map.of(
                                "proc/self/mountinfo",
                                V1.replace(" / /sys", " /docker/3f2 /sys"),
                                "proc/self/cgroup",
                                "8:memory:/docker/3f2\n3:cpu,cpuacct:/docker/3f2\n",
                                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                                "2147483648\n",
                                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us",
                                "200000\n",
                                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us",
                                "100000\n"),
                        OptionalLong.of(2 * GB),
                        OptionalDouble.of(2)),
                Arguments.of(
                        "both versions: memory in the first",
                        Map.of(
                                "proc/self/mountinfo",
                                V1 + V2.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified "),
                                "proc/self/cgroup",
                                "8:memory:/m\n0::/m\n",
                                "sys/fs/cgroup/memory/m/memory.limit_in_bytes",
                                "1073741824\n"),
                        OptionalLong.of(GB),
                        anyCpu),
                Arguments.of(
                        "a group outside of the mounted ones",
                        Map.of(
                                "proc/self/mountinfo", V2,
                                "proc/self/cgroup", "0::/../other\n",
                                "sys/fs/cgroup/memory.max", "1073741824\n"),
                        OptionalLong.of(GB),
                        anyCpu));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("trees")
    void smallestLimitApplies(String name, Map<String, String> files, OptionalLong memory, OptionalDouble cpus)
            throws IOException {
        for (var file : files.entrySet()) {
            Path path = root.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
        Cgroup cgroup = Cgroup.under(root);
        assertThat(cgroup.memory()).isEqualTo(memory);
        assertThat(cgroup.processors()).isEqualTo(cpus);
    }

    @Test
    void memoryOfThisMachineIsPlausible() {
        assertThat(MemoryLimit.bytes()).isBetween(1L << 28, 1L << 50);
    }
}
