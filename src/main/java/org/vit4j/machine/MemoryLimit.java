package org.vit4j.machine;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** Memory that this process may use: the machine's memory, or the limit of its control group. */
public final class MemoryLimit {
    /** JavaCPP's limit of the bytes of arrays, which are outside of the Java heap. */
    private static final String ARRAYS = "org.bytedeco.javacpp.maxbytes";

    /** JavaCPP's limit of the resident bytes of the process. */
    private static final String RESIDENT = "org.bytedeco.javacpp.maxphysicalbytes";

    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private MemoryLimit() {}

    /** Memory limit in bytes. */
    public static long bytes() {
        long machine = machine();
        return Math.min(machine, Cgroup.ofThisProcess().memory().orElse(machine));
    }

    /**
     * Limits arrays to 70% of the memory and the process to 90%, unless system properties are set. Must be called first in a
     * process, since JavaCPP reads the properties when its classes are loaded.
     */
    public static void configureJavaCpp() {
        long bytes = bytes();
        if (System.getProperty(ARRAYS) == null) System.setProperty(ARRAYS, bytes / 10 * 7 + "");
        if (System.getProperty(RESIDENT) == null) System.setProperty(RESIDENT, bytes / 10 * 9 + "");
    }

    /** The option of Java for a larger heap than that of this process. */
    public static String largerHeap() {
        long gigabytes = Runtime.getRuntime().maxMemory() >> 30;
        return "-Xmx" + (gigabytes < 4 ? 4 : 2 * gigabytes) + "g";
    }

    private static long machine() {
        return meminfo().orElseGet(MemoryLimit::managed);
    }

    private static long managed() {
        try {
            return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                    .getTotalMemorySize();
        } catch (LinkageError e) { // the process may not open more files, which later steps report
            return Runtime.getRuntime().maxMemory();
        }
    }

    /** Reads {@code MemTotal: 24567890 kB}; faster than loading Java's management classes. */
    private static OptionalLong meminfo() {
        if (!Files.isReadable(MEMINFO)) return OptionalLong.empty();
        try (Stream<String> lines = Files.lines(MEMINFO)) {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
