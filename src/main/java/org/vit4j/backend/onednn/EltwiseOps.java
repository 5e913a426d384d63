package org.vit4j.backend.onednn;

/** Functions of each element, with their backward passes. */
final class EltwiseOps {
    private final Tape tape;

    EltwiseOps(Tape tape) {
        this.tape = tape;
    }

    TapeValue apply(EltwiseFunction f, TapeValue x) {
        if (!tape.isTraining() && x.isDisposable() && x.producer() != null) {
            x.producer().fuse(new PostOp.EltwisePostOp(f.algorithm(), f.alpha(), f.beta()));
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        }
        if (!x.array().isCompact()) return apply(f, tape.dense(x));
        boolean inPlace = x.isDisposable() && (!tape.isTraining() || f.backwardUsesOutput());
        StridedArray to = inPlace ? x.array() : x.array().like();
        tape.emit(Kernels.eltwise(f, x.array().flat(), to.flat()));
        TapeValue y = tape.value(to, x.needsGradient());
        if (f.backwardUsesOutput()) y.setReadByGradient();
        else
            y.setRecomputation(new Recomputation(
                    to, again -> tape.emit(Kernels.eltwise(f, x.saved().flat(), again.flat()))));
        tape.onBackward(() -> backward(f, x, y));
        return y;
    }

    private void backward(EltwiseFunction f, TapeValue x, TapeValue y) {
        StridedArray gradient = tape.gradient(y);
        if (gradient == null || !x.needsGradient()) return;
        StridedArray dy = gradient;
        if (!gradient.hasLayoutOf(y.array())) {
            dy = y.array().like(gradient.type());
            tape.emit(Kernels.copy(gradient, dy, false));
        }
        StridedArray from = dy.flat();
        StridedArray saved = (f.backwardUsesOutput() ? y.array() : x.saved()).flat();
        // An array without other readers is overwritten: gradients of activations are among the largest arrays.
        if ((dy != gradient || y.ownsGradient()) && dy.type() == x.array().type()) {
            tape.emit(Kernels.eltwiseBackward(f, saved, from, from));
            tape.accumulate(x, dy, true);
        } else {
            tape.accumulateInto(x, dx -> tape.emit(Kernels.eltwiseBackward(f, saved, from, dx.flat())));
        }
    }
}
