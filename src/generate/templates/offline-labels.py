with warnings.catch_warnings():
    # Plain pytest knows neither mark; Greenloop's plugin and allure-pytest do.
    warnings.simplefilter("ignore")
    case = pytest.mark.greenloop_case
    _plain_label = pytest.mark.allure_label

try:
    import allure
except ImportError:  # Without allure-pytest the labels stay on the tests as plain marks.

    class _Labels:
        def label(self, kind, *values):
            return _plain_label(*values, label_type=kind)

        def __getattr__(self, kind):
            return lambda *values: self.label(kind, *values)

    allure = _Labels()
