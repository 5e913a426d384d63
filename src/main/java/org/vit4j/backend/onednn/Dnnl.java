package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx2;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_format_tag_any;
import static org.bytedeco.dnnl.global.dnnl.dnnl_get_effective_cpu_isa;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_init_by_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_init_by_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_default_flags;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;
import static org.bytedeco.dnnl.global.dnnl.dnnl_unimplemented;
import static org.bytedeco.dnnl.global.dnnl.dnnl_version;

import java.util.Optional;
import org.bytedeco.dnnl.const_dnnl_op_desc_t;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/** Access to the oneDNN library: availability, the CPU engine and its stream, memory and primitive descriptors. */
public final class Dnnl {
    private Dnnl() {}

    /** Loads the native library on first use; processes that only use the SameDiff backend never load it. */
    private static final class DnnlLibrary {
        static final dnnl_engine ENGINE = new dnnl_engine();
        static final dnnl_stream STREAM = new dnnl_stream();
        static final String UNAVAILABLE_REASON = load();

        private static String load() {
            try {
                int isa = dnnl_get_effective_cpu_isa();
                if ((isa & dnnl_cpu_isa_avx2) != dnnl_cpu_isa_avx2) return "the processor has no AVX2";
                check(dnnl_engine_create(ENGINE, dnnl_cpu, 0), "engine");
                check(dnnl_stream_create(STREAM, ENGINE, dnnl_stream_default_flags), "stream");
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

    /** The version of the loaded library, for example {@code 2.5.2}. */
    public static String version() {
        var v = dnnl_version();
        return v.major() + "." + v.minor() + "." + v.patch();
    }

    static dnnl_engine engine() {
        return DnnlLibrary.ENGINE;
    }

    static dnnl_stream stream() {
        return DnnlLibrary.STREAM;
    }

    /** @throws IllegalStateException if {@code status} is not success */
    public static void check(int status, String what) {
        if (status != dnnl_success)
            throw new IllegalStateException("oneDNN: " + what + " failed with status " + status);
    }

    /** Descriptor of a float array with these sizes and strides, in elements. */
    public static dnnl_memory_desc_t memory(long[] dims, long[] strides) {
        dnnl_memory_desc_t memory = new dnnl_memory_desc_t();
        check(dnnl_memory_desc_init_by_strides(memory, dims.length, dims, dnnl_f32, strides), "memory");
        return memory;
    }

    /** Descriptor of a float array in any layout: the primitive chooses it, {@link #layout} returns the choice. */
    public static dnnl_memory_desc_t memory(long... dims) {
        dnnl_memory_desc_t memory = new dnnl_memory_desc_t();
        check(dnnl_memory_desc_init_by_tag(memory, dims.length, dims, dnnl_f32, dnnl_format_tag_any), "memory");
        return memory;
    }

    /** The layout that a primitive chose for an argument: a copy, valid after the primitive descriptor is destroyed. */
    public static dnnl_memory_desc_t layout(dnnl_primitive_desc primitive, int query) {
        dnnl_memory_desc_t view = dnnl_primitive_desc_query_md(primitive, query, 0);
        dnnl_memory_desc_t copy = new dnnl_memory_desc_t();
        Pointer.memcpy(copy, view, copy.sizeof());
        return copy;
    }

    /**
     * Selects the implementation of an operation.
     *
     * @param hint descriptor of the forward primitive, for a backward one; otherwise null
     * @throws UnsupportedOperationException if oneDNN has no implementation
     */
    public static dnnl_primitive_desc createPrimitiveDesc(
            Pointer operation, dnnl_primitive_attr attributes, dnnl_primitive_desc hint) {
        dnnl_primitive_desc desc = new dnnl_primitive_desc();
        int status = dnnl_primitive_desc_create(desc, new const_dnnl_op_desc_t(operation), attributes, engine(), hint);
        String what = operation.getClass().getSimpleName();
        if (status == dnnl_unimplemented)
            throw new UnsupportedOperationException("oneDNN has no " + what + " of this kind");
        check(status, what);
        return desc;
    }
}
