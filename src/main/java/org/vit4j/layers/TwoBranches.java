package org.vit4j.layers;

import java.util.Collections;
import java.util.List;
import org.vit4j.config.Checks;

/**
 * Sizes of the two branches of CrossViT. The lists have one entry per branch, small patches first.
 *
 * @param headDim width of a head
 * @param depth for each stage: number of blocks of both branches, number of cross-attention blocks
 */
public record TwoBranches(
        List<Integer> patchSize,
        List<Integer> dim,
        List<Integer> heads,
        List<Integer> headDim,
        List<Integer> mlpDim,
        List<List<Integer>> depth) {

    public TwoBranches {
        patchSize = pair("patch_size", patchSize);
        dim = pair("dim", dim);
        heads = pair("heads", heads);
        headDim = pair("head_dim", headDim);
        mlpDim = pair("mlp_dim", mlpDim);
        depth = List.copyOf(depth);
        Checks.check(!depth.isEmpty(), "depth", depth, "must have at least one stage");
        for (List<Integer> stage : depth) {
            Checks.check(
                    stage.size() == 3 && Collections.min(stage.subList(0, 2)) >= 1 && stage.get(2) >= 0,
                    "depth",
                    stage,
                    "must be [blocks, blocks, cross-attention blocks], at least [1, 1, 0]");
            stage.forEach(blocks -> Checks.depth("depth", blocks, 0));
        }
    }

    private static List<Integer> pair(String name, List<Integer> values) {
        Checks.check(values.size() == 2, name, values, "must have one number for each of two branches");
        Checks.positive(name, values.get(0), values.get(1));
        return List.copyOf(values);
    }
}
