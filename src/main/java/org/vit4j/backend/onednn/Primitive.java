package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_impl_info_str;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** A oneDNN primitive bound to its memory: a run is a single native call without allocation. */
public final class Primitive implements AutoCloseable {
    /**
     * An argument of a primitive.
     *
     * @param role DNNL_ARG_SRC, DNNL_ARG_DST, ...
     * @param address address of the first element
     */
    public record PrimitiveArgument(int role, dnnl_memory_desc_t layout, long address) {}

    private final dnnl_primitive primitive = new dnnl_primitive();
    private final List<dnnl_memory> memories = new ArrayList<>();
    private final dnnl_exec_arg_t arguments;
    private final int count;
    private final String implementation;

    /** @param description primitive descriptor; ownership is transferred, and it is destroyed */
    public Primitive(dnnl_primitive_desc description, List<PrimitiveArgument> arguments) {
        Dnnl.check(dnnl_primitive_create(primitive, description), "primitive");
        this.implementation = implementation(description);
        dnnl_primitive_desc_destroy(description);
        this.count = arguments.size();
        this.arguments = new dnnl_exec_arg_t(count);
        for (int i = 0; i < count; i++) {
            PrimitiveArgument argument = arguments.get(i);
            dnnl_memory memory = new dnnl_memory();
            Dnnl.check(
                    dnnl_memory_create(memory, argument.layout(), Dnnl.engine(), new MemoryAddress(argument.address())),
                    "memory");
            memories.add(memory);
            this.arguments.position(i).arg(argument.role()).memory(memory);
        }
        this.arguments.position(0);
    }

    /** Pointer to an address in memory that it does not own. */
    private static final class MemoryAddress extends Pointer {
        MemoryAddress(long address) {
            this.address = address;
        }
    }

    private static String implementation(dnnl_primitive_desc description) {
        try (PointerPointer<Pointer> name = new PointerPointer<>(1)) {
            Dnnl.check(dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, name), "query");
            return new BytePointer(name.get(0)).getString();
        }
    }

    /** The kernel that oneDNN selected, for example {@code brg:avx512_core}; {@code ref} kernels are slow. */
    public String implementation() {
        return implementation;
    }

    public void run() {
        int status = dnnl_primitive_execute(primitive, Dnnl.stream(), count, arguments);
        if (status != 0) Dnnl.check(status, implementation);
    }

    @Override
    public void close() {
        dnnl_primitive_destroy(primitive);
        memories.forEach(memory -> dnnl_memory_destroy(memory));
        arguments.close();
    }
}
