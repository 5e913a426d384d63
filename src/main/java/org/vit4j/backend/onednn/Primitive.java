package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCRATCHPAD;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_impl_info_str;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_scratchpad_md;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** A oneDNN primitive bound to its memory: a run is a single native call without allocation. */
final class Primitive implements AutoCloseable {
    /**
     * An argument of a primitive.
     *
     * @param role DNNL_ARG_SRC, DNNL_ARG_DST, ...
     * @param address address of the first element
     * @param input the input of the plan that it reads; null if it is no input
     */
    record PrimitiveArgument(int role, MemoryLayout layout, long address, PlannedBuffer input) {
        PrimitiveArgument(int role, MemoryLayout layout, long address) {
            this(role, layout, address, null);
        }
    }

    /** @param offset in bytes from the beginning of the input to the memory */
    private record InputMemory(PlannedBuffer input, dnnl_memory memory, long offset) {}

    private final dnnl_primitive primitive = new dnnl_primitive();
    private final List<dnnl_memory> memories = new ArrayList<>();
    private final List<InputMemory> inputs = new ArrayList<>();
    private final dnnl_exec_arg_t arguments;
    private final int count;
    private final String implementation;
    private final long scratchBytes;
    /** Scratch memory; null if the primitive needs none. */
    private final dnnl_memory scratch;

    /** @param description primitive descriptor; ownership is transferred, and it is destroyed */
    Primitive(dnnl_primitive_desc description, List<PrimitiveArgument> arguments) {
        Dnnl.check(dnnl_primitive_create(primitive, description), "primitive");
        this.implementation = implementation(description);
        MemoryLayout layout = MemoryLayout.chosen(description, dnnl_query_scratchpad_md);
        this.scratchBytes = layout.bytes();
        dnnl_primitive_desc_destroy(description);
        this.count = arguments.size() + (scratchBytes > 0 ? 1 : 0);
        this.arguments = new dnnl_exec_arg_t(count);
        for (PrimitiveArgument argument : arguments) addArgument(argument);
        this.scratch = scratchBytes > 0 ? addArgument(new PrimitiveArgument(DNNL_ARG_SCRATCHPAD, layout, 0)) : null;
        this.arguments.position(0);
        layout.close();
    }

    private dnnl_memory addArgument(PrimitiveArgument argument) {
        dnnl_memory memory = new dnnl_memory();
        Dnnl.check(
                dnnl_memory_create(
                        memory, argument.layout(), Dnnl.engine(), new Kernels.RawPointer(argument.address())),
                "memory");
        arguments.position(memories.size()).arg(argument.role()).memory(memory);
        memories.add(memory);
        PlannedBuffer input = argument.input();
        if (input != null) inputs.add(new InputMemory(input, memory, argument.address() - input.address()));
        return memory;
    }

    /** Bytes of scratch memory that a run needs. */
    long scratchBytes() {
        return scratchBytes;
    }

    /** Sets the scratch memory, which other primitives may use before and after a run. */
    void setScratch(long address) {
        if (scratch != null)
            Dnnl.check(dnnl_memory_set_data_handle(scratch, new Kernels.RawPointer(address)), "scratch");
    }

    /** Returns true if an argument is a view of an input. */
    boolean reads(PlannedBuffer input) {
        return inputs.stream().anyMatch(view -> view.input == input);
    }

    /** Lets the arguments that are views of an input read it from memory at another address. */
    void readInput(PlannedBuffer input, long address) {
        for (InputMemory view : inputs) {
            if (view.input != input) continue;
            Kernels.RawPointer at = new Kernels.RawPointer(address + view.offset);
            Dnnl.check(dnnl_memory_set_data_handle(view.memory, at), "input");
        }
    }

    /** The kernel that a descriptor selects. */
    static String implementation(dnnl_primitive_desc description) {
        try (PointerPointer<Pointer> name = new PointerPointer<>(1)) {
            Dnnl.check(dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, name), "query");
            return new BytePointer(name.get(0)).getString();
        }
    }

    /** The kernel that oneDNN selected, for example {@code brg:avx512_core}; {@code ref} kernels are slow. */
    String implementation() {
        return implementation;
    }

    void run() {
        int status = dnnl_primitive_execute(primitive, ThreadStream.current(), count, arguments);
        if (status != 0) Dnnl.check(status, implementation);
    }

    @Override
    public void close() {
        dnnl_primitive_destroy(primitive);
        memories.forEach(memory -> dnnl_memory_destroy(memory));
        arguments.close();
    }
}
