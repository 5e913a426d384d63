/**
 * Limits of the machine that a process runs on: processors, memory, and the control groups of Linux containers.
 *
 * <p>Begin with {@link org.vit4j.machine.CpuThreads} and {@link org.vit4j.machine.MemoryLimit}; both use
 * {@link org.vit4j.machine.Cgroup}.
 */
package org.vit4j.machine;
