//! The entry points of `IMAPIProp`, the same for every object: each checks nothing and leaves all to `props`, `copy` and
//! `naming`.

/// Makes `IMAPIProp` of an object whose `node` is a [`PropNode`].
macro_rules! mapi_prop {
    ($outer:ident) => {
        impl mapi_spi::interfaces::IMAPIProp_Impl for $outer {
            unsafe fn GetLastError(
                &self,
                _hResult: mapi_spi::HRESULT,
                _ulFlags: u32,
                lppMAPIError: *mut *mut mapi_spi::structs::MAPIERROR,
            ) -> mapi_spi::HRESULT {
                // SAFETY: the caller's pointers are as the page promises, here and below.
                $crate::guard::guard(|| unsafe { $crate::store::props::last_error(lppMAPIError) })
            }

            unsafe fn SaveChanges(&self, ulFlags: u32) -> mapi_spi::HRESULT {
                $crate::guard::guard(|| {
                    $crate::store::props::PropNode::save(&*self.node, ulFlags)?;
                    Ok(mapi_spi::HRESULT::S_OK)
                })
            }

            unsafe fn GetProps(
                &self,
                lpPropTagArray: *mut mapi_spi::structs::SPropTagArray,
                ulFlags: u32,
                lpcValues: *mut u32,
                lppPropArray: *mut *mut mapi_spi::structs::SPropValue,
            ) -> mapi_spi::HRESULT {
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    let node = &self.node;
                    $crate::store::props::get_props(node, lpPropTagArray, ulFlags, lpcValues, lppPropArray)
                })
            }

            unsafe fn GetPropList(
                &self,
                ulFlags: u32,
                lppPropTagArray: *mut *mut mapi_spi::structs::SPropTagArray,
            ) -> mapi_spi::HRESULT {
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    $crate::store::props::get_prop_list(&self.node, ulFlags, lppPropTagArray)
                })
            }

            unsafe fn OpenProperty(
                &self,
                ulPropTag: u32,
                lpiid: *const mapi_spi::GUID,
                ulInterfaceOptions: u32,
                ulFlags: u32,
                lppUnk: *mut *mut std::ffi::c_void,
            ) -> mapi_spi::HRESULT {
                let tag = mapi_spi::PropTag(ulPropTag);
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    let node = &self.node;
                    $crate::store::props::open_property(node, tag, lpiid, ulInterfaceOptions, ulFlags, lppUnk)
                })
            }

            unsafe fn SetProps(
                &self,
                cValues: u32,
                lpPropArray: *mut mapi_spi::structs::SPropValue,
                lppProblems: *mut *mut mapi_spi::structs::SPropProblemArray,
            ) -> mapi_spi::HRESULT {
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    $crate::store::props::set_props(&self.node, cValues, lpPropArray, lppProblems)
                })
            }

            unsafe fn DeleteProps(
                &self,
                lpPropTagArray: *mut mapi_spi::structs::SPropTagArray,
                lppProblems: *mut *mut mapi_spi::structs::SPropProblemArray,
            ) -> mapi_spi::HRESULT {
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    $crate::store::props::delete_props(&self.node, lpPropTagArray, lppProblems)
                })
            }

            unsafe fn CopyTo(
                &self,
                _ciidExclude: u32,
                _rgiidExclude: *const mapi_spi::GUID,
                lpExcludeProps: *mut mapi_spi::structs::SPropTagArray,
                _ulUIParam: usize,
                _lpProgress: *mut std::ffi::c_void,
                _lpInterface: *const mapi_spi::GUID,
                lpDestObj: *mut std::ffi::c_void,
                ulFlags: u32,
                lppProblems: *mut *mut mapi_spi::structs::SPropProblemArray,
            ) -> mapi_spi::HRESULT {
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    let excluded = $crate::store::props::tags_of(lpExcludeProps).unwrap_or_default();
                    let choice = $crate::store::copy::Choice::AllBut(excluded);
                    $crate::store::copy::copy_props(&self.node, choice, lpDestObj, ulFlags, lppProblems)
                })
            }

            unsafe fn CopyProps(
                &self,
                lpIncludeProps: *mut mapi_spi::structs::SPropTagArray,
                _ulUIParam: usize,
                _lpProgress: *mut std::ffi::c_void,
                _lpInterface: *const mapi_spi::GUID,
                lpDestObj: *mut std::ffi::c_void,
                ulFlags: u32,
                lppProblems: *mut *mut mapi_spi::structs::SPropProblemArray,
            ) -> mapi_spi::HRESULT {
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    let included = $crate::store::props::tags_of(lpIncludeProps);
                    let included = included.ok_or(mapi_spi::HRESULT::MAPI_E_INVALID_PARAMETER)?;
                    let choice = $crate::store::copy::Choice::Only(included);
                    $crate::store::copy::copy_props(&self.node, choice, lpDestObj, ulFlags, lppProblems)
                })
            }

            unsafe fn GetNamesFromIDs(
                &self,
                lppPropTags: *mut *mut mapi_spi::structs::SPropTagArray,
                lpPropSetGuid: *mut mapi_spi::structs::MAPIUID,
                ulFlags: u32,
                lpcPropNames: *mut u32,
                lpppPropNames: *mut *mut *mut mapi_spi::structs::MAPINAMEID,
            ) -> mapi_spi::HRESULT {
                let session = $crate::store::props::PropNode::session(&*self.node);
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    let (set, flags) = (lpPropSetGuid, ulFlags);
                    $crate::store::naming::names(
                        session,
                        lppPropTags,
                        set,
                        flags,
                        lpcPropNames,
                        lpppPropNames,
                    )
                })
            }

            unsafe fn GetIDsFromNames(
                &self,
                cPropNames: u32,
                lppPropNames: *mut *mut mapi_spi::structs::MAPINAMEID,
                ulFlags: u32,
                lppPropTags: *mut *mut mapi_spi::structs::SPropTagArray,
            ) -> mapi_spi::HRESULT {
                let session = $crate::store::props::PropNode::session(&*self.node);
                // SAFETY: as above.
                $crate::guard::guard(|| unsafe {
                    $crate::store::naming::identifiers(
                        session,
                        cPropNames,
                        lppPropNames,
                        ulFlags,
                        lppPropTags,
                    )
                })
            }
        }
    };
}
pub(super) use mapi_prop;
