package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** One thing a plan does. What it reads and writes is known when the plan is drawn up, where that lies only later. */
abstract class KernelStep implements AutoCloseable {
    private final String kind;
    private final List<StridedArray> touched = new ArrayList<>();

    KernelStep(String kind, StridedArray... touched) {
        this.kind = kind;
        this.touched.addAll(List.of(touched));
    }

    /** A step of one primitive, which {@code make} binds once the addresses are known. */
    static KernelStep of(String kind, Supplier<Primitive> make, StridedArray... touched) {
        return new KernelStep(kind, touched) {
            private Primitive primitive;

            @Override
            void bind() {
                primitive = make.get();
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
            public void close() {
                if (primitive != null) primitive.close();
            }
        };
    }

    /** For the profile: {@code matmul}, {@code layer_norm}, ... */
    String kind() {
        return kind;
    }

    /** Everything it reads or writes. */
    List<StridedArray> touched() {
        return touched;
    }

    void touches(StridedArray array) {
        touched.add(array);
    }

    /** Which kernel does it. */
    String implementation() {
        return "java";
    }

    /** Arrays that a later run reads as an earlier one left them: nothing else may lie there. */
    List<StridedArray> kept() {
        return List.of();
    }

    abstract void bind();

    abstract void run();

    @Override
    public void close() {}
}
