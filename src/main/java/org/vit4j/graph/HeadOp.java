package org.vit4j.graph;

import java.util.List;

/** The part of the vocabulary that works across attention heads, or replaces softmax attention. */
public sealed interface HeadOp extends Op {
    /** [H, T, S] -> [G, T, S]: each new map is a learned sum of the old ones, by kernel [H, G] and bias [G]. */
    record MixHeads(int heads, boolean bias, Init kernel) implements HeadOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Op.rank(in.get(0), 3, "attention maps [H, T, S]").with(0, heads);
        }

        @Override
        public List<Weight> weights(String name, List<Shape> in, Init.Scheme scheme) {
            int from = in.get(0).dim(0);
            Weight mixing = new Weight(name + ".kernel", Shape.of(from, heads), Role.KERNEL, kernel);
            if (!bias) return List.of(mixing);
            return List.of(mixing, new Weight(name + ".bias", Shape.of(heads), Role.BIAS, scheme.denseBias(from)));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).dim(0);
        }
    }

    /**
     * [H, T, S] plus {@code factor} times a table [H, offsets] looked up by position: score (t, s) of head h gets {@code
     * table[h][index[t * S + s]]}.
     */
    record RelativeBias(List<Integer> index, int offsets, double factor, Init init) implements HeadOp {
        public RelativeBias {
            index = List.copyOf(index);
        }

        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "scores [H, T, S]");
            Op.check(index.size() == x.dim(1) * x.dim(2), "%d indices do not fit scores %s", index.size(), x);
            for (int i : index) Op.check(i >= 0 && i < offsets, "index %d outside of %d offsets", i, offsets);
            return x;
        }

        @Override
        public List<Weight> weights(String name, List<Shape> in, Init.Scheme scheme) {
            return List.of(new Weight(name, Shape.of(in.get(0).dim(0), offsets), Role.POSITION, init));
        }
    }

    /**
     * Positive random features of the softmax kernel (Choromanski et al. 2021, FAVOR+): [T, D] -> [T, m] is exp(x w' -
     * |x|^2 / 2) / sqrt(m) with a fixed matrix w [m, D].
     */
    record PerformerFeatures(int features, Init init) implements HeadOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Op.rank(in.get(0), 2, "tokens [T, D]").with(1, features);
        }

        @Override
        public List<Weight> weights(String name, List<Shape> in, Init.Scheme scheme) {
            return List.of(new Weight(name, Shape.of(features, in.get(0).last()), Role.FIXED, init));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }
    }

    /**
     * Attention by features, linear in the number of tokens: queries [T, m], keys [S, m], values [S, n] -> [T, n] is q
     * (k' v) / (q sum(k) + epsilon).
     */
    record LinearAttention(double epsilon) implements HeadOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape q = Op.rank(in.get(0), 2, "queries [T, m]");
            Shape k = Op.rank(in.get(1), 2, "keys [S, m]");
            Shape v = Op.rank(in.get(2), 2, "values [S, n]");
            Op.check(
                    q.last() == k.last() && k.dim(0) == v.dim(0), "queries %s, keys %s, values %s do not fit", q, k, v);
            return q.with(1, v.last());
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            long m = in.get(0).last();
            long n = in.get(2).last();
            return (long) in.get(2).dim(0) * n * m + out.size() * m + in.get(0).dim(0) * m;
        }
    }

    /**
     * Queries, keys and values of an attention in which the last token alone asks, from one kernel [D, 3 * width] and
     * bias: [T, D] -> [1 + 2 T, width], the query first, then the keys, then the values. The queries of the other tokens
     * are neither computed nor counted.
     */
    record LastQuery(int width, boolean bias) implements HeadOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Shape.of(1 + 2 * Op.rank(in.get(0), 2, "tokens [T, D]").dim(0), width);
        }

        @Override
        public List<Weight> weights(String name, List<Shape> in, Init.Scheme scheme) {
            return new Op.Dense(3 * width, bias).weights(name, in, scheme);
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }
    }
}
