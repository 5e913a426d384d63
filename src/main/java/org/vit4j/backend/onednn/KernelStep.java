package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * One operation of a plan. The arrays are known when the step is created; their addresses only when {@link #bind} is
 * called.
 */
abstract class KernelStep implements AutoCloseable {
    private final String kind;
    private final List<StridedArray> arrays = new ArrayList<>();

    KernelStep(String kind, StridedArray... touched) {
        this.kind = kind;
        this.arrays.addAll(List.of(touched));
    }

    /** A step that runs one primitive; {@code factory} creates it once the addresses are known. */
    static KernelStep of(String kind, Supplier<Primitive> factory, StridedArray... touched) {
        return new KernelStep(kind, touched) {
            private Primitive primitive;

            @Override
            void bind() {
                primitive = factory.get();
            }

            @Override
            void run() {
                primitive.run();
            }

            @Override
            public String implementation() {
                return primitive.implementation();
            }

            @Override
            List<Primitive> primitives() {
                return primitive == null ? List.of() : List.of(primitive);
            }
        };
    }

    /** The kind of op in profiles: {@code matmul}, {@code layer_norm}, ... */
    String kind() {
        return kind;
    }

    /** All arrays that the step reads or writes. */
    List<StridedArray> arrays() {
        return arrays;
    }

    void addArray(StridedArray array) {
        arrays.add(array);
    }

    /** The name of the kernel that executes the step, for profiles. */
    String implementation() {
        return "java";
    }

    /** Arrays whose values must survive from run to run: their memory cannot be reused by other arrays. */
    List<StridedArray> persistentArrays() {
        return List.of();
    }

    /** Creates native objects; called once, when all arrays have addresses. */
    abstract void bind();

    abstract void run();

    /** The primitives that the step runs, once it is bound; they are closed with it. */
    List<Primitive> primitives() {
        return List.of();
    }

    @Override
    public void close() {
        primitives().forEach(Primitive::close);
    }
}
