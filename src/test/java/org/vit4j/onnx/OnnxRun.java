package org.vit4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Runs a model in ONNX Runtime with one thread. */
public final class OnnxRun implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    private OnnxRun(OrtSession session) {
        this.session = session;
    }

    public static OnnxRun open(Path file) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            return new OnnxRun(OrtEnvironment.getEnvironment().createSession(file.toString(), options));
        }
    }

    OrtSession session() {
        return session;
    }

    /** Float inputs by name -> float outputs by name. */
    public Map<String, INDArray> run(Map<String, INDArray> inputs) throws OrtException {
        Map<String, OnnxTensor> given = new HashMap<>();
        for (Map.Entry<String, INDArray> input : inputs.entrySet()) {
            FloatBuffer values =
                    FloatBuffer.wrap(input.getValue().dup('c').data().asFloat());
            given.put(
                    input.getKey(),
                    OnnxTensor.createTensor(
                            environment, values, input.getValue().shape()));
        }
        try (OrtSession.Result result = session.run(given)) {
            Map<String, INDArray> outputs = new HashMap<>();
            for (Map.Entry<String, ai.onnxruntime.OnnxValue> output : result) {
                OnnxTensor tensor = (OnnxTensor) output.getValue();
                float[] values = new float[tensor.getFloatBuffer().remaining()];
                tensor.getFloatBuffer().get(values);
                outputs.put(
                        output.getKey(),
                        Nd4j.createFromArray(values)
                                .reshape('c', tensor.getInfo().getShape()));
            }
            return outputs;
        } finally {
            given.values().forEach(OnnxTensor::close);
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
