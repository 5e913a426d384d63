package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class VirtualThreadsTest {
    /** The first version of Java with virtual threads. */
    private static final int FIRST = 21;

    @Test
    void onlyVirtualThreadsAreVirtual() throws ReflectiveOperationException {
        assertThat(VirtualThreads.isCurrent()).isFalse();
        if (Runtime.version().feature() < FIRST) return;
        CompletableFuture<Boolean> virtual = new CompletableFuture<>();
        Runnable test = () -> virtual.complete(VirtualThreads.isCurrent());
        Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, test);
        assertThat(virtual.join()).isTrue();
    }
}
