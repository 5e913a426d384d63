package app;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.vit4j.config.ConfigError;
import org.vit4j.model.Prediction;

/** {@code POST /classify?k=3} with an image file as its body. */
@RestController
public class ClassifierController {
    private final Classifier classifier;

    ClassifierController(Classifier classifier) {
        this.classifier = classifier;
    }

    @PostMapping("/classify")
    CompletableFuture<List<Prediction>> classify(@RequestBody byte[] file, @RequestParam(defaultValue = "5") int k) {
        return classifier.classify(file, Math.max(1, Math.min(k, classifier.classes())));
    }

    /** Not an image, or too large. */
    @ExceptionHandler(ConfigError.class)
    ProblemDetail badImage(ConfigError e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, e.getMessage());
    }

    @ExceptionHandler(RejectedExecutionException.class)
    ProblemDetail overload(RejectedExecutionException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, e.getMessage());
    }
}
