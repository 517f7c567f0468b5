"""What leaves: a profile becomes a plan that a person sees, the plan becomes data sets, a verifier
that trusts neither reads them back.

::

    make_plan(subjects, profile, facts)      -> RedactionPlan     (nothing has changed yet)
    plan.confirmed({doubt ids})              -> RedactionPlan     (a person looked)
    apply_plan(plan, subjects)               -> SharedFile, ...   (DICOM files and previews)
    verify_share(plan, subjects, files)      -> VerifyReport      (or VerifyFailed: nothing leaves)
"""
