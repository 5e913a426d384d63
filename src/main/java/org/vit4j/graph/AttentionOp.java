package org.vit4j.graph;

import java.util.List;
import java.util.stream.IntStream;

/** Attention: scores, probabilities and weighted sums of several heads, and attention without a softmax. */
public sealed interface AttentionOp extends Op {
    /** [H, T, d], [H, S, d] -> [H, T, S]: scale times the dot products of queries and keys. */
    record AttentionScores(double scale) implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.checkFactor(scale);
            Shape q = Op.rank(in.get(0), 3, "queries [H, T, d]");
            Shape k = Op.rank(in.get(1), 3, "keys [H, S, d]");
            Op.check(q.dim(0) == k.dim(0) && q.last() == k.last(), "queries %s do not fit keys %s", q, k);
            return Shape.of(q.dim(0), q.dim(1), k.dim(1));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.attentionScores(tensor, this);
        }
    }

    /** Softmax over the last axis. */
    record Softmax() implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Op.ranked(in);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.softmax(tensor, this);
        }
    }

    /** Weighted sum of the values, probs @ v: [H, T, S], [H, S, d] -> [H, T, d]. */
    record WeightedSum() implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape p = Op.rank(in.get(0), 3, "probs [H, T, S]");
            Shape v = Op.rank(in.get(1), 3, "values [H, S, d]");
            Op.check(p.dim(0) == v.dim(0) && p.last() == v.dim(1), "probs %s do not fit values %s", p, v);
            return Shape.of(p.dim(0), p.dim(1), v.last());
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.weightedSum(tensor, this);
        }
    }

    /** Learned linear combination of attention maps: [H, T, S] -> [G, T, S] by kernel [H, G] and bias [G]. */
    record MixHeads(int heads, boolean bias, Init kernel) implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Op.rank(in.get(0), 3, "attention maps [H, T, S]").with(0, heads);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            int from = in.get(0).dim(0);
            Parameter mixing = new Parameter(name + ".kernel", Shape.of(from, heads), Role.KERNEL, kernel);
            if (!bias) return List.of(mixing);
            return List.of(mixing, new Parameter(name + ".bias", Shape.of(heads), Role.BIAS, scheme.denseBias(from)));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).dim(0);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.mixHeads(tensor, this);
        }
    }

    /**
     * Relative position bias: [H, T, S] plus {@code factor} times a table [H, height * width] indexed by distance. Keys
     * are the cells of a grid, queries the cells of every {@code stride}-th row and column. A query and a key with y
     * rows and x columns between them use {@code table[h][y * width + x]}.
     */
    record RelativeBias(int height, int width, int stride, double factor, Init init) implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "scores [H, T, S]");
            boolean fits = x.dim(1) == queriesAlong(height) * queriesAlong(width) && x.dim(2) == offsets();
            Op.check(fits, "scores %s do not fit a grid of %d x %d with stride %d", x, height, width, stride);
            return x;
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name, Shape.of(in.get(0).dim(0), offsets()), Role.POSITION, init));
        }

        /** Number of distances, equal to the number of keys. */
        public int offsets() {
            return height * width;
        }

        /** Number of queries along a row or column of {@code cells} keys. */
        public int queriesAlong(int cells) {
            return (cells + stride - 1) / stride;
        }

        /** Index into a row of the table for each pair of query and key, row-major. */
        public int[] index() {
            int[] rows = distances(height), columns = distances(width);
            int[] index = new int[queriesAlong(height) * queriesAlong(width) * offsets()];
            int at = 0;
            for (int qy = 0; qy < queriesAlong(height); qy++) {
                for (int qx = 0; qx < queriesAlong(width); qx++) {
                    for (int ky = 0; ky < height; ky++) {
                        for (int kx = 0; kx < width; kx++) {
                            index[at++] = rows[qy * height + ky] * width + columns[qx * width + kx];
                        }
                    }
                }
            }
            return index;
        }

        /** Distance of each query to each of {@code cells} keys along one axis, row-major. */
        public int[] distances(int cells) {
            return IntStream.range(0, queriesAlong(cells) * cells)
                    .map(i -> Math.abs(i / cells * stride - i % cells))
                    .toArray();
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.relativeBias(tensor, this);
        }
    }

    /**
     * Positive random features of the softmax kernel (Choromanski et al. 2021, FAVOR+): [T, D] -> [T, m], computed as
     * exp(x w' - |x|^2 / 2) / sqrt(m) with a constant matrix w [m, D].
     */
    record PerformerFeatures(int features, Init init) implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Op.rank(in.get(0), 2, "tokens [T, D]").with(1, features);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name, Shape.of(features, in.get(0).last()), Role.CONSTANT, init));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.performerFeatures(tensor, this);
        }
    }

    /**
     * Linear attention over kernel features: queries [T, m], keys [S, m], values [S, n] -> [T, n], computed as
     * q (k' v) / (q sum(k) + epsilon). The cost is linear in the number of tokens.
     */
    record LinearAttention(double epsilon) implements AttentionOp {
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

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.linearAttention(tensor, this);
        }
    }

    /**
     * Fused query, keys and values of an attention with the last token as only query, from one kernel [D, 3 * width]
     * and bias: [T, D] -> [1 + 2 T, width], first the query, then the keys, then the values. Queries of other tokens
     * are neither computed nor counted.
     */
    record LastTokenQkv(int width, boolean bias) implements AttentionOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Shape.of(1 + 2 * Op.rank(in.get(0), 2, "tokens [T, D]").dim(0), width);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return new LinearOp.Dense(3 * width, bias).parameters(name, in, scheme);
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.lastTokenQkv(tensor, this);
        }
    }
}
