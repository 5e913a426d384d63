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
 * The vertex in a running graph, with workarounds for two defects of DL4J 1.0.0-M2.1, which {@code Dl4jVertexTest} pins: it makes
 * the backward pass inside a workspace, where the next step overwrites its constants, and adds the gradient of the output to
 * itself.
 */
@SuppressWarnings("overrides") // DL4J's setInputs(INDArray[]) implements setInputs(INDArray...)
final class NetworkGraphVertex extends SameDiffGraphVertex {
    private static final long serialVersionUID = 1L;

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
    @SuppressWarnings("try") // "outside" is only closed
    public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
        if (sameDiff == null) doInit();
        try (MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
            if (!sameDiff.hasGradientFunction()) {
                String[] inputs = config.getVertexParams().getInputs().toArray(String[]::new);
                SuppressedOutput.withoutOutput(() -> sameDiff.createGradFunction(inputs));
            }
            setEpsilon(getEpsilon().mul(0.5)); // a copy: other vertices may share the array
        }
        return super.doBackward(tbptt, workspaces);
    }
}
