package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.Loader;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/** Access to the oneDNN library: availability, the CPU engine, primitive descriptors. */
public final class Dnnl {
    private Dnnl() {}

    /** Loads the native library on first use; processes that only use the SameDiff backend never load it. */
    private static final class DnnlLibrary {
        static final dnnl_engine ENGINE = new dnnl_engine();
        /** Of primitives without post-ops. The caller provides scratch memory, so that plans can run at the same time. */
        static final dnnl_primitive_attr PLAIN = new dnnl_primitive_attr();

        static final String UNAVAILABLE_REASON = load();

        private static String load() {
            try {
                int isa = dnnl_get_effective_cpu_isa();
                if ((isa & dnnl_cpu_isa_avx2) != dnnl_cpu_isa_avx2) return "the processor has no AVX2";
                check(dnnl_engine_create(ENGINE, dnnl_cpu, 0), "engine");
                check(dnnl_primitive_attr_create(PLAIN), "attributes");
                check(dnnl_primitive_attr_set_scratchpad_mode(PLAIN, dnnl_scratchpad_mode_user), "scratchpad");
                return "";
            } catch (UnsatisfiedLinkError e) {
                return "oneDNN's library for " + Loader.getPlatform()
                        + " (org.bytedeco:dnnl, org.bytedeco:opencl) is missing or does not load: " + firstLine(e);
            } catch (LinkageError | RuntimeException e) {
                return "oneDNN cannot be loaded: " + firstLine(e);
            }
        }

        /** Without the search path that Java appends. */
        private static String firstLine(Throwable problem) {
            String reason = problem.getMessage() == null ? problem.getClass().getSimpleName() : problem.getMessage();
            return reason.lines().findFirst().orElse("").replaceFirst(" in java\\.library\\.path.*", "");
        }
    }

    /** The reason why oneDNN cannot be used on this machine; empty if it can. */
    public static Optional<String> unavailableReason() {
        return Optional.of(DnnlLibrary.UNAVAILABLE_REASON).filter(reason -> !reason.isEmpty());
    }

    static boolean hasAvx512() {
        return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
    }

    /** Returns true if the processor has instructions for bfloat16 products: AMX or AVX-512 BF16. */
    static boolean hasBf16() {
        return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
    }

    /** Returns true if the processor has tiles of AMX, in which bfloat16 products are computed. */
    static boolean hasAmx() {
        return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
    }

    /** Calls {@code work} with another number of threads, for a question about kernels of that number. */
    static <T> T withThreads(int threads, Supplier<T> work) {
        NativeOps openMp = NativeOpsHolder.getInstance().getDeviceNativeOps();
        int before = openMp.ompGetMaxThreads();
        openMp.setOmpNumThreads(threads);
        try {
            return work.get();
        } finally {
            openMp.setOmpNumThreads(before);
        }
    }

    /** The version of the loaded library, for example {@code 3.8.1}. */
    public static String version() {
        var v = dnnl_version();
        return v.major() + "." + v.minor() + "." + v.patch();
    }

    static dnnl_engine engine() {
        return DnnlLibrary.ENGINE;
    }

    /** Attributes of a primitive without post-ops. */
    static dnnl_primitive_attr plainAttributes() {
        return DnnlLibrary.PLAIN;
    }

    /** @throws IllegalStateException if {@code status} is not success */
    static void check(int status, String what) {
        if (status != dnnl_success)
            throw new IllegalStateException("oneDNN: " + what + " failed with status " + status);
    }

    /** Calls one of oneDNN's functions that create a primitive descriptor; returns its status. */
    interface DescriptorCall {
        int create(dnnl_primitive_desc result);
    }

    /**
     * Selects the implementation of an operation. The caller owns the result.
     *
     * @param what name of the operation, for messages
     * @throws UnsupportedOperationException if oneDNN has no implementation
     */
    static dnnl_primitive_desc primitiveDesc(String what, DescriptorCall call) {
        dnnl_primitive_desc desc = new dnnl_primitive_desc();
        int status = call.create(desc);
        if (status == dnnl_unimplemented)
            throw new UnsupportedOperationException("oneDNN has no " + what + " of this kind");
        check(status, what);
        return desc;
    }

    /** Selects the implementation of a backward pass, which depends on the forward pass's; destroys the latter. */
    static dnnl_primitive_desc backwardDesc(dnnl_primitive_desc forward, String what, DescriptorCall call) {
        try {
            return primitiveDesc(what, call);
        } finally {
            dnnl_primitive_desc_destroy(forward);
        }
    }
}
