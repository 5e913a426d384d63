package org.vit4j.dl4j;

import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.samediff.SameDiffGraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.machine.SuppressedOutput;

/**
 * The vertex in a running graph. Differentiates outside of DL4J's workspaces: DL4J 1.0.0-M2.1 does so inside, where the
 * constants of the backward pass are overwritten by the next step.
 */
final class NetworkGraphVertex extends SameDiffGraphVertex {
    NetworkGraphVertex(
            NetworkVertex config,
            ComputationGraph graph,
            String name,
            int index,
            INDArray parameters,
            boolean initialize,
            DataType type) {
        super(config, graph, name, index, parameters, initialize, type);
    }

    @Override
    public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
        if (sameDiff == null) doInit();
        if (!sameDiff.hasGradientFunction()) {
            String[] inputs = config.getVertexParams().getInputs().toArray(String[]::new);
            try (MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
                SuppressedOutput.withoutOutput(() -> sameDiff.createGradFunction(inputs));
            }
        }
        return super.doBackward(tbptt, workspaces);
    }
}
