package org.vit4j.train;

import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.LossInputs;
import org.vit4j.graph.Graph;
import org.vit4j.models.ModelConfig;

/** What is minimized: by the heads of the network, and whether there is a teacher. */
final class TrainingLoss {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingLoss.class);

    /** The placeholder of the teacher's logits, [B, K]. */
    static final String TEACHER = "teacher";

    /** The placeholder of what the labels say, [B, K]. */
    static final String TARGETS = "targets";

    private static final String CLASS = "logits_class";
    private static final String DISTILL = "logits_distill";

    private TrainingLoss() {}

    /** Why a network cannot be taught, when it cannot. */
    static Optional<String> lacking(ModelConfig model) {
        if (hasTwoHeads(model.build())) return Optional.empty();
        return Optional.of("a student needs two heads, one for the labels and one for the teacher; arch " + model.arch()
                + " as configured here has one (distilled: true gives it two, where the architecture has them)");
    }

    private static boolean hasTwoHeads(Graph graph) {
        return graph.outputs().containsKey(CLASS) && graph.outputs().containsKey(DISTILL);
    }

    /**
     * The scalar to minimize.
     *
     * <p>Two heads without a teacher: the loss of the class head alone, as facebookresearch/deit with {@code
     * --distillation-type none}. The other head then stays as it was drawn, and still speaks in predictions, which are
     * the mean of both; hence the warning.
     * <p>Its placeholders are {@link #TARGETS} and, with a teacher, {@link #TEACHER}.
     */
    static SDVariable loss(LossInputs network, LossConfig loss, Optional<DistillConfig> distill) {
        SameDiff sd = network.sd();
        DataType type = network.output("logits").dataType();
        int classes = network.graph().outputs().get("logits").shape().last();
        SDVariable targets = sd.placeHolder(TARGETS, type, -1, classes);
        boolean two = hasTwoHeads(network.graph());
        SDVariable own = loss.of(sd, network.output(two ? CLASS : "logits"), targets, classes);
        if (!two) return own;
        if (distill.isEmpty()) {
            LOG.warn("no train.distill: the distillation head learns nothing, and is half of each prediction; a"
                    + " network with one head (distilled: false) is what to train without a teacher");
            return own;
        }
        SDVariable teacher = sd.placeHolder(TEACHER, type, -1, classes);
        return distill.get().loss(sd, own, network.output(DISTILL), teacher);
    }
}
